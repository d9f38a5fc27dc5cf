"""The README's picture of classes: a labelled row for each class, its first images, enlarged."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.recipes.models import image_generators
from tests.scripts import import_script

DOCS = Path(__file__).resolve().parents[2] / "docs"
SIZE = 8


@pytest.fixture(scope="module")
def script():
    return import_script(DOCS, "make_class_image")


class Drawer:
    """Image i of class c has the colour (c, i, seed)."""

    def generate(self, num, seed, label):
        images = np.zeros((num, SIZE, SIZE, 3), np.uint8)
        images[..., 0], images[..., 2] = {"cats": 100, "dogs": 200}[label], seed
        images[..., 1] = np.arange(num)[:, None, None]
        return images


def test_picture_holds_the_first_images_of_each_class(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(image_generators, "open_model", lambda source: Drawer())
    path = tmp_path / "docs" / "picture.png"
    monkeypatch.setattr(sys, "argv", ["make_class_image.py", "any", "--classes", "dogs", "cats", "--out", str(path)])
    script.main()
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    step = SIZE * script.enlargement(SIZE)
    assert pixels.shape == (2 * step, script.LABEL_WIDTH + script.SHOWN * step, 3)
    shown = pixels[step // 2 :: step, script.LABEL_WIDTH + step // 2 :: step]
    wanted = [[(level, column, 0) for column in range(script.SHOWN)] for level in (200, 100)]
    np.testing.assert_array_equal(shown, wanted)
    labels = [pixels[top : top + step, : script.LABEL_WIDTH] for top in (0, step)]
    assert all(label.min() == 0 for label in labels) and not np.array_equal(*labels)
    assert "kB" in capsys.readouterr().out
