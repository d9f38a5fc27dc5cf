"""Turns a RUN whose GAN has classes into a preset: weights, spec, scores, model card, a sheet of each class.

    python saved_models/build_class_preset.py --run runs/emoji --name emoji_64 --data CLASSES --text TEXT.md

The preset holds the RUN's averaged generator (also in place of the generator itself) and the discriminator, without
optimizers. All figures of the card are measured here, see `class_scores.py`.
"""

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
from blend_codes import set_blends
from class_scores import describe_sheet, measure_draws, write_sheet
from preset_files import write_model, write_source_features
from score_section import marked, score_section

from keras_transfer_gen import files
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.training.gan import GAN

LARGEST_MEGABYTES = 24.0


def as_new(run, data, licence, **blends):
    """The averaged generator of a RUN and its discriminator as a `GAN` whose counters are 0: a fine-tune starts anew.

    Its float32 weights are rounded, see `rounded`, so that the file is smaller; all is measured with these.

    Args:
        run: `GAN`.
        data: what the images are called.
        licence: of the weights.
        **blends: attributes of its `BlendedCodes` from now on; None: the RUN's.
    """
    for network, trained in ((run.generator, run.ema_generator), (run.discriminator, run.discriminator)):
        network.set_weights([rounded(values) for values in trained.get_weights()])
    set_blends(run.generator, **blends)
    spec = dataclasses.replace(run.spec, source=f"Trained on {data}.", licence=licence)
    return GAN(run.generator, run.discriminator, spec=spec)


def rounded(values):
    """An array whose float32 numbers keep 16 significant bits, which is 2^-16 of each at most; others stay.

    Their last byte is 0, which takes no room in a compressed file.
    """
    values = np.ascontiguousarray(values)
    if values.dtype != np.float32:
        return values
    return ((values.view(np.uint32) + 0x80) & np.uint32(0xFFFFFF00)).view(np.float32)


def card(name, text, scores, class_names):
    """The README.md of the preset."""
    return "\n".join([
        f"# {name}", "", text.strip(), "", *describe_sheet(class_names),
        "## Scores", "", marked(name, score_section(scores)), "",
    ])  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="RUN folder or .keras file")
    parser.add_argument("--name", required=True, help="name of the preset")
    parser.add_argument("--data", required=True, help="the training images, one sub-folder a class")
    parser.add_argument("--text", type=Path, required=True, help="Markdown: what it is, data, licence, command")
    parser.add_argument("--licence", default="", help="of the weights, for the spec")
    parser.add_argument("--sharpness", type=float, help="of the blends of known images; by default the run's")
    parser.add_argument("--separation", type=float, help="of these blends; the same")
    parser.add_argument("--fine-sharpness", type=float, help="of their finer grids; the same")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of the preset's folder")
    options = parser.parse_args()
    folder = options.out / options.name
    blends = {name: getattr(options, name) for name in ("sharpness", "separation", "fine_sharpness")}
    gan = as_new(load_gan(options.run), Path(options.data).name, options.licence, **blends)
    image_set = read_images(options.data, gan.spec.image_size, gan.spec.channels, labels="folders")
    megabytes = write_model(gan, folder / "gan.keras", LARGEST_MEGABYTES)
    scores = measure_draws(gan, image_set)
    gan.spec.save(folder / "spec.json")
    files.write_json(folder / "scores.json", scores)
    write_sheet(folder / "grid.png", gan, gan.spec.class_names)
    chosen = kid_protocol.subsample_images(np.asarray(image_set.images))[: kid_protocol.DEFAULT.num_fakes]
    write_source_features(folder, chosen)
    files.write_text(
        folder / "README.md", card(options.name, options.text.read_text("utf-8"), scores, gan.spec.class_names)
    )
    print(json.dumps({"megabytes": round(megabytes, 2), **scores}, indent=1))


if __name__ == "__main__":
    main()
