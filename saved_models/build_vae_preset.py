"""Turns a finished `ktg pretrain --model vae` RUN into a preset: weights, spec, scores, model card, images.

    python saved_models/build_vae_preset.py --run runs/noto_vae --name noto_vae_64 --data DIR --text TEXT.md

The preset holds encoder, decoder, prior and likelihood, without the optimizer. The ELBO is that of the run, on its
holdout images; KID is measured here: generated images of three seeds against 1,000 of the training images (seed 0). The
text says what the preset is, which images it was trained on, its licence and the command.
"""

import argparse
import dataclasses
import datetime
import json
from pathlib import Path

import numpy as np
from preset_files import write_model, write_source_features
from score_section import marked, score_section

from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.metrics.edge_similarity import edge_similarity
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.report import sheets
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.feature_views import WHOLE
from keras_transfer_gen.training.callbacks import read_history
from keras_transfer_gen.training.vae import VAE

SEEDS = (0, 1, 2)
GRID = 64
SHOWN = 36  # images beside their reconstructions
LARGEST_MEGABYTES = 16.0
FROM_RUN = ("elbo_after", "elbo_standard_prior", "bits_per_dim", "active_units", "kimg", "seconds", "prior")


def without_optimizer(run, data):
    """The same `VAE`, not compiled, its counters 0: a fine-tune of it starts anew."""
    kept = {name: getattr(run, name) for name in ("prior", "likelihood", "beta", "free_bits", "kl_annealing_kimg")}
    spec = dataclasses.replace(run.spec, source=f"Trained from scratch on {data}.")
    return VAE(run.encoder, run.decoder, **kept, spec=spec)


def measure(vae, images, metrics):
    """Scores of the preset: a JSON-ready dict.

    Args:
        vae: the `VAE`.
        images: uint8 `[N, S, S, C]`, its training images.
        metrics: content of the run's metrics.json.
    """
    reference = kid_protocol.make_reference(images, "its training images")
    features = [extract_features(vae.generate(kid_protocol.DEFAULT.num_fakes, seed=seed)) for seed in SEEDS]
    kids = [kid_protocol.score_features(rows, reference)["value"] for rows in features]
    originals = images[: kid_protocol.DEFAULT.num_fakes]
    reconstructions = vae.reconstruct(originals)
    return {
        "kid": float(np.median(kids)),
        "kid_by_seed": kids,
        "reconstruction_levels": float(np.abs(reconstructions.astype(np.int16) - originals).mean()),
        "reconstruction_edges": float(edge_similarity(originals, reconstructions).mean()),
        **{name: metrics[name] for name in FROM_RUN},
        "n_fake": kid_protocol.DEFAULT.num_fakes,
        "n_real": len(reference.features),
        "feature_network": WHOLE.network,
        "input_size": WHOLE.input_size,
        "date": datetime.date.today().isoformat(),
    }


def card(name, text, scores, config):
    """The README.md of the preset."""
    settings = {key: value for key, value in config["settings"].items() if key not in ("data", "reference")}
    lines = [
        f"# {name}",
        "",
        text.strip(),
        "",
        "![generated images](grid.png)",
        "",
        "Training images and their reconstructions:",
        "",
        "![reconstructions](reconstructions.png)",
        "",
        "## Training",
        "",
        f"- {scores['kimg']:.0f} kimg (thousands of images shown), {scores['seconds'] / 60:.0f} minutes of steps.",
        f"- Settings: `{json.dumps(settings)}`.",
        f"- Stages (what was changed when it was continued): `{json.dumps(config['stages'])}`.",
        f"- Prior: {scores['prior']}, fitted to the latents of the training images; it is in the file.",
        "",
        "![learning curve](curve.png)",
        "",
        "## Scores",
        "",
        marked(name, score_section(scores)),
        "",
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="RUN folder of ktg pretrain --model vae")
    parser.add_argument("--name", required=True, help="name of the preset")
    parser.add_argument("--data", required=True, help="the training images")
    parser.add_argument("--text", type=Path, required=True, help="Markdown: what it is, data, licence, command")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of the preset's folder")
    options = parser.parse_args()
    folder, run = options.out / options.name, RunFolder(options.run)
    data = "/".join(Path(options.data).parts[-2:]) if Path(options.data).suffix else Path(options.data).name
    vae = without_optimizer(load_vae(options.run), data)
    images = read_images(options.data, vae.spec.image_size, vae.spec.channels).images
    metrics = json.loads(run.metrics_file.read_text("utf-8").replace(options.data, data))  # no path of this machine
    scores = measure(vae, images, metrics)
    model = folder / f"{vae.spec.family}.keras"
    megabytes = write_model(vae, model, LARGEST_MEGABYTES)
    vae.spec.save(folder / "spec.json")
    files.write_json(folder / "scores.json", scores)
    files.write_bytes(folder / "grid.png", pixels.to_png(pixels.to_grid(vae.generate(GRID, seed=0))))
    chosen = images[np.sort(np.random.default_rng(0).permutation(len(images))[: kid_protocol.DEFAULT.num_fakes])]
    write_source_features(folder, chosen)
    pair = [("training images", chosen[:SHOWN]), ("reconstructions", vae.reconstruct(chosen[:SHOWN]))]
    files.write_bytes(folder / "reconstructions.png", pixels.to_png(sheets.side_by_side(pair)))
    write_curve(folder / "curve.png", read_history(run.history_file))
    files.write_text(folder / "README.md", card(options.name, options.text.read_text("utf-8"), scores, run.config()))
    print(json.dumps({"megabytes": round(megabytes, 2), **scores}, indent=1))


def write_curve(path, rows):
    """Both parts of the training loss over kimg."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, name, colour in zip(
        figure.subplots(1, 2), ("reconstruction_loss", "kl_loss"), ("tab:blue", "tab:orange"), strict=True
    ):
        axes.plot([row["kimg"] for row in rows], [row[name] for row in rows], color=colour)
        axes.set(xlabel="kimg (thousands of real images shown)", ylabel=f"{name.replace('_', ' ')}, nats per image")
        axes.grid(alpha=0.3)
    with files.atomic_path(path) as partial:
        figure.savefig(partial, dpi=110)


if __name__ == "__main__":
    main()
