"""Precision, recall, density and coverage: are generated images like real ones, and is every kind of real image there?

Around each image is a ball that reaches to its k-th nearest neighbour in its own set, without itself. Distances are
Euclidean and exact (no Gram matrix): a copy is exactly on a sphere, and the two conventions differ there.
"""

from __future__ import annotations

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


def radii(features: np.ndarray, k: int) -> np.ndarray:
    """float64 `[N]`: distance of each row to its k-th nearest other row."""
    distances = cdist(features, features)
    np.fill_diagonal(distances, np.inf)
    return np.partition(distances, k - 1, axis=1)[:, k - 1]


def precision_recall(real_features: np.ndarray, fake_features: np.ndarray, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall; a point on a sphere is inside (<=).

    Args:
        real_features: `[N, D]`, N above k.
        fake_features: `[M, D]`, M above k.
        k: the neighbour whose distance is the radius.

    Returns:
        `PrecisionRecall`: the share of generated images inside the ball of some real image, and the share of real
        images inside the ball of some generated one.

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


def density_coverage(real_features: np.ndarray, fake_features: np.ndarray, k: int = 5) -> DensityCoverage:
    """Density and coverage; a point on a sphere is outside (<).

    For two samples of one distribution, density is 1 on average and coverage 1 - prod_{i=1..k} (N - i) / (N + M - i),
    which is about 1 - 2^-k for M = N: it is below 1 and depends on M.

    Args:
        real_features: `[N, D]`, N above k.
        fake_features: `[M, D]`, M at least 2.
        k: the neighbour whose distance is the radius.

    Returns:
        `DensityCoverage`: in how many real balls a generated image is on average, divided by k; and the share of real
        images with a generated image in their ball.

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
    checks.check_integer("len(real_features)", len(real), least=k + 1, next_step="Use more images or a smaller k.")
    inside = cdist(real, fake) < radii(real, k)[:, None]
    return DensityCoverage(float(inside.sum() / (k * len(fake))), float(inside.any(axis=1).mean()))
