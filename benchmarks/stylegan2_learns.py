"""What a StyleGAN2 that was trained here learnt: its scores on the way and at the end, and its sheet.

    ktg pretrain --arch stylegan2:... --config auto --data DIR --image-size 32 --kimg N --out RUN
    python benchmarks/stylegan2_learns.py RUN --data DIR [--out benchmarks/results/stylegan2_32] [--images docs/images]

Reads the finished RUN and writes `results.json` into --out: the settings; the scores on the way, of the 36 images of
each of the RUN's sheets against the training images (36 are few, so these are rough); those at the end, of 500; images
a second. --images is where `stylegan2_sheet.png` goes: the first 36 images of seed 0, unselected.
"""

import argparse
import datetime
import json
from pathlib import Path

import numpy as np
from PIL import Image

import keras_transfer_gen as ktg
from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.feature_views import VIEWS

SETTINGS = ("arch", "image_size", "batch_size", "learning_rate", "r1_gamma", "r1_interval", "augment", "seed")
SCORES = {"kid": "kid_after", "kid_second": "kid_second_after", "layout": "layout_after"}  # on the way -> at the end
SHEET_IMAGES = 36


def read_run(run, data):
    """The content of results.json for a finished RUN: dict.

    Args:
        run: its folder.
        data: the training images.
    """
    config, metrics = files.read_json(run / "config.json"), files.read_json(run / "metrics.json")
    finished = datetime.date.fromtimestamp((run / "metrics.json").stat().st_mtime)
    return {
        "date": finished.isoformat(),
        "settings": {name: config["settings"][name] for name in SETTINGS},
        "images": metrics["kid_after"]["n_real"],
        "kimg": metrics["kimg"],
        "images_per_second": round(metrics["images_per_second"], 1),
        "points": sheet_scores(run, data, config["settings"]["image_size"]),
        "end": {name: _rounded(metrics[key]) for name, key in SCORES.items()},
        "precision": metrics["precision"],
        "recall": metrics["recall"],
    }


def sheet_scores(run, data, side):
    """A list of dicts: kimg and the KID of each sheet's images by each view.

    Args:
        run: folder of the RUN.
        data: the training images.
        side: of an image, in pixels.
    """
    reference = kid_protocol.make_reference(read_images(data, side, 3).images, data)
    points = []
    for sheet in sorted((run / "samples").glob("*kimg.png")):
        pixel_rows = np.asarray(Image.open(sheet).convert("RGB"))
        rows = pixel_rows.shape[0] // side
        images = pixel_rows.reshape(rows, side, -1, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)[:SHEET_IMAGES]
        scores = {
            name: round(kid_protocol.score_images(images, reference.seen_by(view))["value"], 1)
            for name, view in VIEWS.items()
        }
        points.append({"kimg": float(sheet.name.removesuffix("kimg.png")), **scores})
    return points


def _rounded(score):
    return {part: round(score[part], 1) for part in ("value", "std")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of the finished pretraining")
    parser.add_argument("--data", required=True, help="the training images")
    parser.add_argument("--out", type=Path, help="folder for results.json")
    parser.add_argument("--images", type=Path, help="folder for the sheet")
    options = parser.parse_args()
    result = read_run(options.run, options.data)
    if options.out:
        files.write_json(options.out / "results.json", result)
    if options.images:
        images = ktg.load_gan(options.run).generate(SHEET_IMAGES, seed=0)
        Image.fromarray(pixels.to_grid(images)).save(options.images / "stylegan2_sheet.png")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
