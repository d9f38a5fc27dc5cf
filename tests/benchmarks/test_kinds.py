"""How images of a class are divided into those that are shown and the reference."""

from pathlib import Path

import numpy as np
import pytest

from keras_transfer_gen import files, pixels
from keras_transfer_gen.data.sources import read_images
from tests.scripts import import_script

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def kinds():
    return import_script(BENCHMARKS, "kinds")


@pytest.fixture(scope="module")
def image_set(tmp_path_factory):
    """Images whose first value is the number of their thing: 12 things of food in one to three colours, and others."""
    folder = tmp_path_factory.mktemp("classes")
    for thing in range(12):
        for colour in range(1 + thing % 3):
            image = np.full((32, 32, 3), thing, np.uint8)
            image[..., 1] = colour
            path = folder / "food" / f"thing{thing:02}" / f"{colour}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            files.write_bytes(path, pixels.to_png(image))
    other = folder / "animals" / "ant" / "0.png"
    other.parent.mkdir(parents=True)
    files.write_bytes(other, pixels.to_png(np.full((32, 32, 3), 200, np.uint8)))
    return read_images(folder, 32, 3, labels="folders")


@pytest.mark.parametrize(("most", "least"), [(100, 9), (5, 3)])
def test_a_thing_is_shown_or_in_the_reference(kinds, image_set, most, least):
    shown, reference = kinds.split(image_set, "food", most, seed=3)
    assert least <= len(shown) <= min(most, 12) and len(shown) + len(reference) == 24
    first, second = (set(images[:, 0, 0, 0].tolist()) for images in (shown, reference))
    assert not first & second and first | second == set(range(12))


def test_another_seed_shows_other_things(kinds, image_set):
    shown = [set(kinds.split(image_set, "food", 8, seed)[0][:, 0, 0, 0].tolist()) for seed in (0, 1)]
    assert shown[0] != shown[1]
