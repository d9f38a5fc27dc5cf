import math

import numpy as np
import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.maths.psnr import peak_signal_to_noise


def test_psnr_is_that_of_the_mean_squared_error():
    images = np.full((3, 4, 4, 3), 100, np.uint8)
    other = images.copy()
    other[0] += 10  # a third of the pixels
    assert peak_signal_to_noise(images, other) == pytest.approx(10 * math.log10(255**2 / (100 / 3)))
    assert peak_signal_to_noise(other, images) == peak_signal_to_noise(images, other)
    assert peak_signal_to_noise(images, images) == math.inf


def test_levels_do_not_wrap_around():
    black, white = np.zeros((1, 2, 2, 1), np.uint8), np.full((1, 2, 2, 1), 255, np.uint8)
    assert peak_signal_to_noise(black, white) == pytest.approx(0.0)


def test_other_shapes_are_refused():
    with pytest.raises(UserError, match="images of the shape"):
        peak_signal_to_noise(np.zeros((1, 2, 2, 1)), np.zeros((2, 2, 2, 1)))
    with pytest.raises(UserError, match="images of the shape"):
        peak_signal_to_noise(np.zeros((0, 2, 2, 1)), np.zeros((0, 2, 2, 1)))
