import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.networks.resampling import ground_of, zoom_images, zoom_matrix


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("zoom", [0.4, 0.8, 1.0, 1.1, 3.0])
def test_one_colour_stays_what_it_is(size, zoom):
    matrix = zoom_matrix(size, zoom)
    assert matrix.shape == (size, size) and matrix.dtype == np.float32
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(matrix, matrix[::-1, ::-1], atol=1e-6)  # neither side is preferred


@pytest.mark.parametrize(("zoom", "box"), [(2.0, (16, 16, 48, 48)), (1.25, (6.4, 6.4, 57.6, 57.6))])
def test_enlarged_images_are_those_of_pillow(zoom, box):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8))
    image = small.resize((64, 64), Image.Resampling.BICUBIC)
    expected = np.asarray(image.resize((64, 64), Image.Resampling.LANCZOS, box=box))
    enlarged = zoom_images(np.asarray(image)[np.newaxis], zoom)[0]
    inner = slice(8, -8)  # Pillow reads nothing beyond the box
    difference = np.abs(enlarged[inner, inner].astype(int) - expected[inner, inner])
    assert difference.max() <= 2


def test_images_that_are_made_smaller_are_those_of_pillow_and_continue_their_edges():
    rng = np.random.default_rng(1)
    small = Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8))
    image = np.asarray(small.resize((64, 64), Image.Resampling.BICUBIC))
    smaller = zoom_images(image[np.newaxis], 0.5)[0]
    expected = np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.LANCZOS))
    difference = np.abs(smaller[19:45, 19:45].astype(int) - expected[3:29, 3:29])
    assert difference.max() <= 2
    np.testing.assert_array_equal(smaller[0], smaller[5])
    np.testing.assert_array_equal(smaller[:, 0], smaller[:, 5])


def test_ground_lies_around_images_that_are_made_smaller():
    rng = np.random.default_rng(2)
    images = rng.integers(0, 255, (2, 32, 32, 3), np.uint8)
    smaller = zoom_images(images, 0.5, ground=(10, 20, 30))
    assert (np.abs(smaller[:, :5].astype(int) - (10, 20, 30)) <= 1).all()
    np.testing.assert_array_equal(smaller[:, 12:20, 12:20], zoom_images(images, 0.5)[:, 12:20, 12:20])
    plain = np.full((1, 32, 32, 3), (10, 20, 30), np.uint8)
    np.testing.assert_array_equal(zoom_images(plain, 0.7, ground=(10, 20, 30)), plain)


def test_ground_is_the_colour_of_most_edges():
    images = np.random.default_rng(3).integers(0, 255, (6, 16, 16, 3), np.uint8)
    assert ground_of(images) is None
    images[:, 0] = images[:, -1] = images[:, :, 0] = (250, 3, 7)
    assert ground_of(images) == (250, 3, 7)
    images[:3, 0] = (252, 1, 7)  # nearly the same
    assert ground_of(images) == (250, 3, 7)
    images[:, 0], images[:, -1], images[:, :, 0] = (0, 90, 0), (90, 0, 0), (0, 0, 90)
    assert ground_of(images) is None


def test_ramp_is_stretched_about_its_centre():
    ramp = np.arange(65.0)
    stretched = zoom_matrix(65, 1.25) @ ramp
    np.testing.assert_allclose(stretched[8:-8], (32 + (ramp - 32) / 1.25)[8:-8], atol=0.05)


def test_zoom_of_one_changes_nothing():
    images = np.random.default_rng(0).integers(0, 255, (2, 9, 5, 1), np.uint8)
    np.testing.assert_array_equal(zoom_images(images, 1.0), images)
