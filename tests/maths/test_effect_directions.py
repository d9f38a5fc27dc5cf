import numpy as np
import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.maths.effect_directions import effect_directions

SIZE = 64  # pixels: more than are looked at, so the images are averaged down


def noise_and_images(rows=300, groups=None):
    """Noise of 5 numbers: number 3 lights the left half strongly, number 0 the right one less, the others nothing."""
    noise = np.random.default_rng(0).standard_normal((rows, 5)).astype(np.float32)
    images = np.full((rows, SIZE, SIZE, 1), 128.0)
    images[:, :, : SIZE // 2] += 30 * noise[:, 3, None, None, None]
    images[:, :, SIZE // 2 :] -= 10 * noise[:, 0, None, None, None]
    if groups is not None:
        images += 40.0 * (groups - groups.mean())[:, None, None, None]
    return noise, np.clip(np.rint(images), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("groups", [None, np.arange(300) % 2])
def test_strongest_directions_come_first_with_their_effects_in_levels(groups):
    noise, images = noise_and_images(groups=groups)
    directions, effects = effect_directions(noise, images, 2, groups)
    assert directions.dtype == np.float32
    expected = [[0, 0, 0, 1, 0], [-1, 0, 0, 0, 0]]  # the second sense is the one that makes images brighter
    np.testing.assert_allclose(directions, expected, atol=0.03)
    np.testing.assert_allclose(effects, [30 / np.sqrt(2), 10 / np.sqrt(2)], rtol=0.03)


def test_directions_are_orthogonal_units():
    noise, images = noise_and_images()
    directions, effects = effect_directions(noise, images, 5)
    np.testing.assert_allclose(directions @ directions.T, np.eye(5), atol=1e-5)
    assert (np.diff(effects) <= 0).all()


def test_too_few_images_and_too_many_directions_are_refused():
    noise, images = noise_and_images(rows=9)
    with pytest.raises(UserError, match="at least 10 rows"):
        effect_directions(noise, images, 2)
    with pytest.raises(UserError, match="from 1 to 5"):
        effect_directions(*noise_and_images(), 6)
