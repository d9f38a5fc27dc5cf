import numpy as np
import pytest

from keras_transfer_gen.networks.stylegan2 import resampling

TAPS = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


def filtered(image, padding, stride):
    """The filter as a sum over its 16 taps: `[H, W]` -> `[H', W']`."""
    padded = np.pad(image, padding)
    height, width = (side - 3 for side in padded.shape)
    total = sum(TAPS[y, x] * padded[y : y + height, x : x + width] for y in range(4) for x in range(4))
    return total[::stride, ::stride]


@pytest.fixture(scope="module")
def maps():
    return np.random.default_rng(0).normal(size=(2, 6, 4, 3)).astype(np.float32)


def test_upsampling_is_zero_insertion_and_filter(maps):
    enlarged = resampling.upsample(maps).numpy()
    zeros = np.zeros((12, 8))
    zeros[::2, ::2] = maps[1, :, :, 2]
    np.testing.assert_allclose(enlarged[1, :, :, 2], 4 * filtered(zeros, (2, 1), 1), atol=1e-6)
    assert enlarged.shape == (2, 12, 8, 3)


def test_downsampling_is_filter_and_every_second_sample(maps):
    halved = resampling.downsample(maps).numpy()
    np.testing.assert_allclose(halved[0, :, :, 1], filtered(maps[0, :, :, 1], (1, 1), 2), atol=1e-6)
    assert halved.shape == (2, 3, 2, 3)


def test_low_pass_keeps_the_mean_inside():
    ones = np.ones((1, 8, 8, 1), np.float32)
    np.testing.assert_allclose(resampling.low_pass(ones, (0, 0), gain=2.0), 2.0)
