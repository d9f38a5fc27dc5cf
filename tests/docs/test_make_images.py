"""The README's picture: three labelled parts, the first images of each, enlarged."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.recipes.report import sheets
from tests.scripts import import_script

DOCS = Path(__file__).resolve().parents[2] / "docs"
SIZE, COUNT = 8, 36


@pytest.fixture(scope="module")
def script():
    return import_script(DOCS, "make_images")


def flat(first):
    """`COUNT` images, each of one colour of its own."""
    images = np.zeros((COUNT, SIZE, SIZE, 3), np.uint8)
    images[..., 0] = first
    images[..., 1] = np.arange(COUNT)[:, None, None]
    return images


def test_picture_holds_the_first_images_of_each_part(script, tmp_path, monkeypatch, capsys):
    run = tmp_path / "run"
    run.mkdir()
    sheet = sheets.before_after(flat(10), flat(20), flat(30))
    Image.fromarray(sheet).save(run / "before_after.png")
    (run / "spec.json").write_text(json.dumps({"image_size": SIZE}))
    monkeypatch.setattr(sys, "argv", ["make_images.py", str(run), "--out", str(tmp_path / "docs" / "picture.png")])
    script.main()
    with Image.open(tmp_path / "docs" / "picture.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    large = script.SHOWN * SIZE * script.enlargement(SIZE)
    assert pixels.shape == (large + script.LABEL_HEIGHT, 3 * large + 2 * script.GAP, 3)
    step = SIZE * script.enlargement(SIZE)
    for part, first in enumerate((10, 20, 30)):
        left = part * (large + script.GAP)
        shown = pixels[script.LABEL_HEIGHT + step // 2 :: step, left + step // 2 : left + large : step]
        rows = [[(first, 6 * row + column, 0) for column in range(script.SHOWN)] for row in range(script.SHOWN)]
        np.testing.assert_array_equal(shown, rows)  # six images in a row of the RUN's sheet
        assert pixels[: script.LABEL_HEIGHT, left : left + large].min() == 0  # a label in black
    assert "kB" in capsys.readouterr().out


def test_sheet_without_a_source_is_refused(script):
    assert script.MARGIN == sheets.MARGIN
    sheet = Image.fromarray(sheets.before_after(None, flat(20), flat(30)))
    with pytest.raises(SystemExit, match="no three parts"):
        script.parts(sheet, SIZE)


def test_colours_are_reduced_until_the_file_is_small(script, monkeypatch):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8))
    whole = len(script.encode(noise))
    monkeypatch.setattr(script, "MOST_BYTES", whole - 1)
    assert 0 < len(script.encode(noise)) < whole
    monkeypatch.setattr(script, "MOST_BYTES", 100)
    with pytest.raises(SystemExit, match="Lower SHOWN"):
        script.encode(noise)
