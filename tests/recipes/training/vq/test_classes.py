import types

import numpy as np
import pytest

from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.settings.vq import PretrainVqSettings
from keras_transfer_gen.recipes.training.vq import classes, models

LABELS = np.repeat([0, 1], 12)


@pytest.fixture(scope="module")
def images():
    """24 images, the first half of them dark."""
    rng = np.random.default_rng(0)
    parts = rng.integers(0, 40, (12, 32, 32, 3)), rng.integers(200, 256, (12, 32, 32, 3))
    return np.concatenate(parts).astype(np.uint8)


@pytest.fixture(scope="module")
def source(images):
    """A `VQVAE` that knows dark and light images."""
    settings = PretrainVqSettings(
        data="photos", out="run", image_size=32, codes=16, max_channels=8, min_channels=4, prior_width=12,
        prior_depth=1,
    )  # fmt: skip
    vq = models.new_model(settings, ["dark", "light"])
    vq.fit(images, batch_size=12, epochs=2, verbose=0)
    vq.prior.fit(vq.encode(images), LABELS, batch_size=12, epochs=12, verbose=0)
    return vq


def images_of(pixels, names):
    """What a run knows of images with these labels."""
    return types.SimpleNamespace(image_set=read_images(pixels, 32, labels=names), labelled=True)


def test_each_class_starts_from_the_one_that_finds_its_images_likeliest(source, images):
    start = classes.measure_start(source, images_of(images, np.repeat(["x", "y"], 12)))
    assert start["rows"][:2] == [0, 1] and start["names"] == ["x", "y"] and "y from light" in start["sentence"]


def test_a_class_of_a_name_that_the_source_knows_starts_from_it(source, images):
    start = classes.measure_start(source, images_of(images, np.repeat(["light", "x"], 12)))  # dark images are "light"
    assert start["rows"][:2] == [1, 1] and start["names"] == ["light", "x"]


def test_classes_that_the_source_knows_stay_with_those_that_have_no_image(source, images):
    start = classes.measure_start(source, images_of(images[12:], ["light"] * 12))
    assert start["rows"] == [0, 1, 1] and start["names"] == ["dark", "light"]
    assert "classes stay. 1 of them have no images" in start["sentence"]


def test_images_without_labels_start_from_the_likeliest_class(source, images):
    unlabelled = types.SimpleNamespace(image_set=read_images(images[12:], 32), labelled=False)
    start = classes.measure_start(source, unlabelled)
    assert start["rows"] == [1] and start["names"] == []
