"""Turns RUNs that continue one another into a preset: weights, spec, scores, model card, images.

    python saved_models/build_preset.py --runs runs/noto runs/refined --name noto_gan_64 --data DIR --text TEXT.md

The preset is made from the last RUN; those before it are only described on its card. It holds the averaged generator
(also in place of the generator itself) and the discriminator, without optimizers. All figures of the card are measured
here: generated images of three seeds against 1,000 of the training images (seed 0).
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
from keras_transfer_gen.metrics.features import extract_features, reference_features
from keras_transfer_gen.metrics.memorisation import memorisation
from keras_transfer_gen.metrics.prdc import density_coverage, precision_recall
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.feature_views import WHOLE
from keras_transfer_gen.training.callbacks import read_history
from keras_transfer_gen.training.gan import GAN

SEEDS = (0, 1, 2)
GRID = 64
PATHS = ("data", "reference", "source")  # settings that are paths of the machine it was trained on
LARGEST_MEGABYTES = 16.0


def measure(gan, images):
    """Scores of the averaged generator: a JSON-ready dict."""
    reference = kid_protocol.make_reference(images, "its training images")
    generated = [gan.generate(kid_protocol.DEFAULT.num_fakes, seed=seed) for seed in SEEDS]
    features = [extract_features(fakes) for fakes in generated]
    kids = [kid_protocol.score_features(rows, reference)["value"] for rows in features]
    scores = [
        (*precision_recall(reference.features, rows), *density_coverage(reference.features, rows)) for rows in features
    ]
    all_features, mirrored = reference_features(images), reference_features(images, mirrored=True)
    copies = memorisation(generated[0], features[0], images, all_features, mirrored).to_dict()
    names = ("precision", "recall", "density", "coverage")
    return {
        "kid": float(np.median(kids)),
        "kid_by_seed": kids,
        **{name: [score[index] for score in scores] for index, name in enumerate(names)},
        "memorisation": copies,
        "n_fake": kid_protocol.DEFAULT.num_fakes,
        "n_real": len(reference.features),
        "feature_network": WHOLE.network,
        "input_size": WHOLE.input_size,
        "date": datetime.date.today().isoformat(),
    }


class Part:
    """One RUN of a chain: its settings, how long it was, and its learning curve.

    Args:
        path: the RUN folder.
        begin: kimg before it.
    """

    def __init__(self, path, begin):
        (checkpoint,) = (path / "checkpoints" / "adapted").iterdir()
        state, config = files.read_json(checkpoint / "state.json"), files.read_json(path / "config.json")
        self.name, self.seconds, self.stages = path.name, state["seconds"], config["stages"]
        self.settings = {key: value for key, value in config["settings"].items() if key not in PATHS}
        self.end = begin + read_history(path / "history.csv")[-1]["kimg"]
        self.records = [{**record, "kimg": begin + record["kimg"]} for record in state["records"]]


def card(name, text, scores, parts):
    """The README.md of the preset."""
    hours = sum(part.seconds for part in parts) / 3600
    lines = [
        f"# {name}",
        "",
        text.strip(),
        "",
        "![grid](grid.png)",
        "",
        "## Training",
        "",
        f"{parts[-1].end:.0f} kimg (thousands of images shown), {hours:.1f} hours of training steps. Settings of each "
        "run, and its stages (what was changed when it was continued):",
        "",
        *[
            f"- {part.name}, to {part.end:.0f} kimg: `{json.dumps(part.settings)}`, stages `{json.dumps(part.stages)}`."
            for part in parts
        ],
        "",
        "![learning curve](curve.png)",
        "",
        "The curve is measured during training: KID x 1000 of 200 generated images to 1,000 of the training images.",
        "",
        "## Scores",
        "",
        marked(name, score_section(scores)),
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--runs", type=Path, required=True, nargs="+", help="RUN folders in order, the last one shipped"
    )
    parser.add_argument("--name", required=True, help="name of the preset")
    parser.add_argument("--data", required=True, help="the training images")
    parser.add_argument("--text", type=Path, required=True, help="Markdown: what it is, data, licence, command")
    options = parser.parse_args()
    folder = Path(__file__).parent / options.name
    parts = []
    for path in options.runs:
        parts.append(Part(path, parts[-1].end if parts else 0.0))
    run = load_gan(options.runs[-1])
    run.generator.set_weights(run.ema_generator.get_weights())
    spec = dataclasses.replace(run.spec, source=f"Trained on {Path(options.data).name}.")
    gan = GAN(run.generator, run.discriminator, spec=spec)
    # Its counters stay 0: a fine-tune of it starts anew, and the weights are averaged over that fine-tune alone.
    images = read_images(options.data, gan.spec.image_size, gan.spec.channels).images
    scores = measure(gan, images)
    megabytes = write_model(gan, folder / "gan.keras", LARGEST_MEGABYTES)
    gan.spec.save(folder / "spec.json")
    files.write_json(folder / "scores.json", scores)
    files.write_bytes(folder / "grid.png", pixels.to_png(pixels.to_grid(gan.generate(GRID, seed=0))))
    chosen = images[np.sort(np.random.default_rng(0).permutation(len(images))[: kid_protocol.DEFAULT.num_fakes])]
    write_source_features(folder, chosen)
    write_curve(folder / "curve.png", parts)
    files.write_text(folder / "README.md", card(options.name, options.text.read_text("utf-8"), scores, parts))
    print(json.dumps({"megabytes": round(megabytes, 2), **scores}, indent=1))


def write_curve(path, parts):
    """The KID during training over kimg, one colour for each RUN."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for part in parts:
        kids = [record["kid"] for record in part.records]
        axes.plot([record["kimg"] for record in part.records], kids, "o-", ms=3, label=part.name)
    axes.legend()
    axes.set(xlabel="kimg (thousands of real images shown)", ylabel="KID x 1000 to the training images", yscale="log")
    axes.grid(alpha=0.3, which="both")
    with files.atomic_path(path) as partial:
        figure.savefig(partial, dpi=110)


if __name__ == "__main__":
    main()
