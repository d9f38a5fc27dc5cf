"""Writes the README's picture from a finished RUN of `ktg finetune`, such as that of `make demo`.

    python docs/make_images.py runs/demo

Takes the first images of each of the three parts of the RUN's before_after.png, in their order and without any choice,
enlarges small ones, and writes docs/images/before_after.png (or --out) with a label above each part.
"""

import argparse
import io
import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

MARGIN = 24  # pixels between and above the parts of before_after.png, see recipes/report/sheets.py
LABELS = ("before: what the source draws", "after: what it draws then", "real: training images")
SHOWN = 5  # images in a row and in a column of each part
SIDE = 128  # pixels of an image of the written picture: smaller ones are enlarged
GAP, LABEL_HEIGHT, FONT_SIZE = 24, 46, 30  # pixels of the written picture
MOST_BYTES = 500_000
OUT = Path(__file__).parent / "images" / "before_after.png"


def parts(sheet, size):
    """The three contact sheets in a before_after.png, without their labels.

    Args:
        sheet: `PIL.Image`.
        size: side of one image, pixels.

    Returns:
        list of three `PIL.Image`.

    Raises:
        SystemExit: where it has no three equal parts, as that of a RUN without a source.
    """
    width = sheet.height - MARGIN  # the parts are square
    if width % size or 3 * width + 2 * MARGIN != sheet.width:
        raise SystemExit(f"no three parts of {size} px images. Give a finished RUN of ktg finetune.")
    lefts = (number * (width + MARGIN) for number in range(3))
    return [sheet.crop((left, MARGIN, left + width, sheet.height)) for left in lefts]


def enlargement(size):
    """How often each pixel of an image of `size` pixels a side is repeated, across and down."""
    return max(1, SIDE // size)


def compose(sheets, size):
    """The written picture: first rows and columns of each part, enlarged where they are small, with a label above."""
    side = min(SHOWN * size, *(length for sheet in sheets for length in sheet.size))
    large = side * enlargement(size)
    canvas = Image.new("RGB", (3 * large + 2 * GAP, large + LABEL_HEIGHT), "white")
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(FONT_SIZE)
    for number, (sheet, label) in enumerate(zip(sheets, LABELS, strict=True)):
        left = number * (large + GAP)
        pen.text((left, 6), label, fill="black", font=font)
        enlarged = sheet.crop((0, 0, side, side)).resize((large, large), Image.Resampling.NEAREST)
        canvas.paste(enlarged, (left, LABEL_HEIGHT))
    return canvas


def encode(picture):
    """PNG bytes of at most `MOST_BYTES`: with all colours where they fit, else with as many as do."""
    for colours in (None, 256, 128, 64):
        stream = io.BytesIO()
        (picture if colours is None else dithered(picture, colours)).save(stream, "PNG", optimize=True)
        if stream.tell() <= MOST_BYTES:
            return stream.getvalue()
    raise SystemExit(f"the picture is larger than {MOST_BYTES} bytes. Lower SHOWN.")


def dithered(picture, colours):
    """An RGB `PIL.Image` with so few colours; neighbouring pixels mix them."""
    return picture.quantize(palette=picture.quantize(colours, Image.Quantize.FASTOCTREE))


def write(picture, path):
    """Writes a picture as `encode` gives it, and says so."""
    content = encode(picture)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    print(f"wrote {path}: {picture.width} x {picture.height}, {len(content) / 1000:.0f} kB")


def main():
    """Reads the RUN and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="RUN folder of ktg finetune")
    parser.add_argument("--out", type=Path, default=OUT, help="the PNG file to write")
    options = parser.parse_args()
    size = json.loads((options.run / "spec.json").read_text(encoding="utf-8"))["image_size"]
    with Image.open(options.run / "before_after.png") as sheet:
        picture = compose(parts(sheet.convert("RGB"), size), size)
    write(picture, options.out)


if __name__ == "__main__":
    main()
