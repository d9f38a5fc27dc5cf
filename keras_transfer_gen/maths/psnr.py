"""Peak signal-to-noise ratio: how near images are to those that they should be."""

from __future__ import annotations

import math

import numpy as np

from keras_transfer_gen import checks

PEAK = 255.0  # pixel levels


def peak_signal_to_noise(expected: np.ndarray, actual: np.ndarray) -> float:
    """PSNR of the mean squared error over all pixels of all images.

    Args:
        expected: uint8 `[N, H, W, C]`.
        actual: the same.

    Returns:
        dB, float; infinity where they are the same.

    Raises:
        UserError: for other shapes.

    Example:
        >>> white = np.full((1, 2, 2, 3), 255, np.uint8)
        >>> round(peak_signal_to_noise(white, white - 1), 2)
        48.13
    """
    expected, actual = np.asarray(expected), np.asarray(actual)
    if expected.shape != actual.shape or expected.size == 0:
        raise checks.user_error("actual", f"images of the shape {expected.shape}", actual.shape)
    error = float(np.mean(np.square(expected.astype(np.float64) - actual)))
    return math.inf if error == 0 else 10 * math.log10(PEAK**2 / error)
