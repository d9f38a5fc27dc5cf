"""Turns a training by train_vq.py into a preset: weights, spec, scores, model card, sheets.

    python saved_models/build_vq_preset.py --run runs/vq --name emoji_vq_64 --data CLASSES --text TEXT.md

The preset is the run's `best/vq.keras`, its counters 0. All figures of the card are measured here: generated images of
three seeds, classes drawn as often as the training images have them, against 1,000 of these (seed 0); nats and
reconstructions of the images that the run put aside. The text says what the preset is, which images it was trained on,
its licence and the command.
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np
from class_scores import describe_sheet, measure_draws, write_sheet
from preset_files import write_model, write_source_features
from score_section import marked, score_section
from train_vq import reconstruction_scores, split

from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.training.vq.models import set_sampling

RECONSTRUCTED = 12  # images above their reconstructions
LARGEST_MEGABYTES = 24.0


def as_new(vq, data, licence):
    """The same model with its counters at 0 (a fine-tune starts anew), which says where it comes from.

    Args:
        vq: `VQVAE` with a prior.
        data: what the images are called.
        licence: of the weights.
    """
    for counted in (vq, vq.prior):
        counted.step.assign(0)
        counted.images_seen.assign(0)
    vq.source, vq.licence = f"Trained from scratch on {data}.", licence
    return vq


def measure(vq, image_set, holdout):
    """Scores of the preset: a JSON-ready dict.

    Args:
        vq: `VQVAE` with a prior.
        image_set: `ImageSet` of its images, with labels.
        holdout: share of them that was put aside.
    """
    aside = split(image_set, holdout)[1]
    held_out = np.asarray(aside.images)
    again = extract_features(vq.reconstruct(held_out))
    originals = kid_protocol.make_reference(held_out, "images put aside")
    nats = vq.prior.nats(vq.encode(held_out), aside.labels)
    return {
        **measure_draws(vq, image_set),
        "nats": float(nats.mean()),
        "put_aside": len(held_out),
        "tokens": int(np.prod(vq.prior_grid)),
        "codes": int(vq.prior.network.num_codes),
        "reconstruction": reconstruction_scores(vq, held_out),
        "reconstruction_kid": kid_protocol.score_features(again, originals)["value"],
    }


def card(name, text, scores, history, class_names):
    """The README.md of the preset."""
    ends = {key: max(row.get(key) or 0 for row in history) for key in ("kimg", "prior_kimg", "decoder_kimg")}
    return "\n".join([
        f"# {name}", "", text.strip(), "",
        *describe_sheet(class_names),
        "Images that were put aside, above their reconstructions:", "",
        "![reconstructions](reconstructions.png)", "",
        "## Training", "",
        f"Autoencoder {ends['kimg'] - ends['decoder_kimg']:.0f} kimg (thousands of images shown), prior "
        f"{ends['prior_kimg']:.0f} kimg, decoder beside a discriminator {ends['decoder_kimg']:.0f} kimg.", "",
        "![learning curves](curve.png)", "",
        "## Scores", "", marked(name, score_section(scores)), "",
    ])  # fmt: skip


def write_curve(path, history):
    """SSIM of reconstructions and nats, both of images put aside, over kimg."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    columns = (("kimg", "ssim", "SSIM of reconstructions"), ("prior_kimg", "holdout_nats", "nats per image"))
    for axes, (kimg, name, label) in zip(figure.subplots(1, 2), columns, strict=True):
        rows = [row for row in history if name in row]
        axes.plot([row[kimg] for row in rows], [row[name] for row in rows])
        axes.set(xlabel="kimg (thousands of images shown)", ylabel=f"{label}, put aside")
        axes.grid(alpha=0.3)
    with files.atomic_path(path) as partial:
        figure.savefig(partial, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="folder of train_vq.py")
    parser.add_argument("--name", required=True, help="name of the preset")
    parser.add_argument("--data", required=True, help="the training images, one sub-folder a class")
    parser.add_argument("--text", type=Path, required=True, help="Markdown: what it is, data, licence, command")
    parser.add_argument("--licence", default="", help="of the weights, for the spec")
    parser.add_argument("--holdout", type=float, default=0.05, help="share of the images that the run put aside")
    parser.add_argument("--temperature", type=float, help="that it draws with; by default the run's")
    parser.add_argument("--guidance", type=float, help="that it draws with; by default the run's")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of the preset's folder")
    options = parser.parse_args()
    folder, history = options.out / options.name, files.read_json(options.run / "history.json")
    vq = keras.models.load_model(options.run / "best" / "vq.keras")
    image_set = read_images(options.data, vq.spec.image_size, vq.spec.channels, labels="folders")
    vq = as_new(vq, Path(options.data).name, options.licence)
    set_sampling(vq.prior, options)
    scores = measure(vq, image_set, options.holdout)
    model = folder / "vq.keras"
    megabytes = write_model(vq, model, LARGEST_MEGABYTES)
    vq.spec.save(folder / "spec.json")
    files.write_json(folder / "scores.json", scores)
    write_sheet(folder / "grid.png", vq, vq.class_names)
    shown = np.asarray(split(image_set, options.holdout)[1].images)
    shown = shown[np.linspace(0, len(shown) - 1, RECONSTRUCTED).astype(int)]
    both = np.concatenate([shown, vq.reconstruct(shown)])
    files.write_bytes(folder / "reconstructions.png", pixels.to_png(pixels.to_grid(both, len(shown))))
    chosen = kid_protocol.subsample_images(np.asarray(image_set.images))[: kid_protocol.DEFAULT.num_fakes]
    write_source_features(folder, chosen)
    write_curve(folder / "curve.png", history)
    text = card(options.name, options.text.read_text("utf-8"), scores, history, vq.class_names)
    files.write_text(folder / "README.md", text)
    print(json.dumps({"megabytes": round(megabytes, 2), **scores}, indent=1))


if __name__ == "__main__":
    main()
