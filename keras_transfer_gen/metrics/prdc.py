"""Precision and recall, density and coverage: is what was made like the real, and is all of the real made?

Around each image lies a ball that reaches to its k-th nearest neighbour in its own set, itself not counted. Distances
are Euclidean and exact (no Gram matrix), since a copy lies exactly on a sphere and the two conventions differ there.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.inputs import check_pair


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Density is at least 0 and about 1 for sets that are alike; coverage is a share in [0, 1]."""

    density: float
    coverage: float


def radii(features, k):
    """float64 `[N]`: distance of each row to its k-th nearest other row."""
    distances = cdist(features, features)
    np.fill_diagonal(distances, np.inf)
    return np.partition(distances, k - 1, axis=1)[:, k - 1]


def precision_recall(real_features, fake_features, k=3):
    """Improved precision and recall; a point on a sphere is inside (<=).

    Args:
        real_features: `[N, D]`, N above k.
        fake_features: `[M, D]`, M above k.
        k: which neighbour gives the radius.

    Returns:
        `PrecisionRecall`: the share of fakes inside the ball of some real image, and the share of real images
        inside the ball of some fake.

    Raises:
        UserError: for k images or fewer, and as in `kid`.

    Example:
        >>> precision_recall([[0.0], [1.0], [2.0]], [[0.5], [9.0], [9.5]], k=1)
        PrecisionRecall(precision=0.3333333333333333, recall=1.0)

    Reference:
        Kynkaanniemi et al., 2019 (arXiv:1904.06991), there on VGG16 features.
    """
    k = checks.check_integer("k", k)
    real, fake = check_pair(real_features, fake_features, least=k + 1)
    distances = cdist(real, fake)
    precision = (distances <= radii(real, k)[:, None]).any(axis=0).mean()
    recall = (distances <= radii(fake, k)[None]).any(axis=1).mean()
    return PrecisionRecall(float(precision), float(recall))


def density_coverage(real_features, fake_features, k=5):
    """Density and coverage; a point on a sphere is outside (<).

    For one and the same distribution density is 1 on average, and coverage 1 - prod_{i=1..k} (N - i) / (N + M - i), which is
    about 1 - 2^-k for M = N: below 1, and dependent on M.

    Args:
        real_features: `[N, D]`, N above k.
        fake_features: `[M, D]`, M at least 2.
        k: which neighbour gives the radius.

    Returns:
        `DensityCoverage`: in how many real balls a fake lies on average, divided by k; and the share of real
        images with a fake in their ball.

    Raises:
        UserError: for k real images or fewer, and as in `kid`.

    Example:
        >>> density_coverage([[0.0], [1.0], [2.0]], [[0.5], [9.0]], k=1)
        DensityCoverage(density=1.0, coverage=0.6666666666666666)

    Reference:
        Naeem et al., 2020 (arXiv:2002.09797).
    """
    k = checks.check_integer("k", k)
    real, fake = check_pair(real_features, fake_features)
    checks.check_integer("len(real_features)", len(real), least=k + 1, next_step="Give more images or a smaller k.")
    inside = cdist(real, fake) < radii(real, k)[:, None]
    return DensityCoverage(float(inside.sum() / (k * len(fake))), float(inside.any(axis=1).mean()))
