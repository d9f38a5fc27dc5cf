"""How many generated images repeat another generated image: a generator that draws the same few images is caught."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keras_transfer_gen.metrics.inputs import check_features, check_width
from keras_transfer_gen.metrics.neighbours import nearest_in_features

PERCENTILE = 5.0
ROUNDING = 1e-5  # of the features' length: the features of identical images may differ by that much


class Repeats(NamedTuple):
    """How many generated images repeat another.

    Args:
        share: of the generated images, in [0, 1].
        threshold: Euclidean distance of features up to which two images count as one.
        expected: about the share of a generator that is as varied as the training images, in [0, 1].
    """

    share: float
    threshold: float
    expected: float


def repeats(train_features: np.ndarray, fake_features: list[list[float]] | np.ndarray) -> Repeats:
    """The share of generated images with another generated image at most `threshold` away.

    The threshold is the 5th percentile of the distances from each training image to the nearest other training image,
    plus a margin for rounding (1e-5 of the features' length). So of the training images themselves 5 % repeat another.
    Mirror images are not compared.

    Each of N images has N - 1 others to be near to, each training image T - 1. Where the chance of being near to one
    of T - 1 images is 0.05 for every image, that of being near to one of N - 1 is 1 - 0.95^((N - 1) / (T - 1)), the
    expected share. Where the chance differs between images and N is above T, it is less (Jensen's inequality).

    Args:
        train_features: `[T, D]`, T at least 2.
        fake_features: `[N, D]`, N at least 2.

    Returns:
        `Repeats`.

    Raises:
        UserError: for fewer than 2 rows, rows of another length, or numbers that are not finite.

    Example:
        >>> repeats([[0.0], [1.0], [2.0]], [[0.0], [0.5], [9.0], [20.0]]).share
        0.5
    """
    train, fake = check_features("train_features", train_features), check_features("fake_features", fake_features)
    check_width("fake_features", fake, train)
    length = np.sqrt((train**2).sum(axis=1).mean())
    threshold = float(np.percentile(nearest_in_features(train, None).distance, PERCENTILE) + ROUNDING * length)
    share = float((nearest_in_features(fake, None).distance <= threshold).mean())
    expected = 1 - (1 - PERCENTILE / 100) ** ((len(fake) - 1) / (len(train) - 1))
    return Repeats(share, threshold, expected)
