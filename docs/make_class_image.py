"""Writes the README's picture of a source with classes: a row of unselected images for each class that is named.

    python docs/make_class_image.py emoji_64 --classes people people_fluent faces hands sports families animals food

The images are the first of seed 0, in their order and without any choice, enlarged; docs/images/classes.png by default.
"""

import argparse
from pathlib import Path

import numpy as np
from make_images import enlargement, write
from PIL import Image, ImageDraw, ImageFont

SHOWN = 10  # images of a class
LABEL_WIDTH, FONT_SIZE = 200, 26  # pixels of the written picture
OUT = Path(__file__).parent / "images" / "classes.png"


def compose(rows):
    """The written picture.

    Args:
        rows: dict of class -> uint8 `[N, S, S, 3]`, as many of each.
    """
    count, side = next(iter(rows.values())).shape[:2]
    large = side * enlargement(side)
    canvas = Image.new("RGB", (LABEL_WIDTH + count * large, len(rows) * large), "white")
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(FONT_SIZE)
    for number, (name, images) in enumerate(rows.items()):
        top = number * large
        pen.text((6, top + large // 2), name, fill="black", font=font, anchor="lm")
        strip = Image.fromarray(np.concatenate(list(images), axis=1))
        canvas.paste(strip.resize((count * large, large), Image.Resampling.NEAREST), (LABEL_WIDTH, top))
    return canvas


def main():
    """Draws the images and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="preset, RUN folder or .keras file with classes")
    parser.add_argument("--classes", nargs="+", required=True, help="their names, a row each")
    parser.add_argument("--out", type=Path, default=OUT, help="the PNG file to write")
    options = parser.parse_args()
    from keras_transfer_gen.recipes.models.image_generators import open_model

    model = open_model(options.source)
    write(compose({name: model.generate(SHOWN, seed=0, label=name) for name in options.classes}), options.out)


if __name__ == "__main__":
    main()
