"""Semi-discrete optimal transport: which point each draw of a normal distribution goes to, all points equally often."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

DRAWS = 4_000  # in a step
STEPS = 400
FINE = 0.6  # of the steps come before the ones that are smaller
STEP, FINE_STEP = 0.3, 0.06  # times the root of the number of points


def fit_offsets(points: np.ndarray, seed: int = 0) -> np.ndarray:
    """Offsets b that make each point p the one of highest z p + b equally often, z being standard normal.

    It climbs the dual of the transport of least squared distance by stochastic gradients: a point that is chosen too
    often gets a lower offset.

    Args:
        points: float `[n, d]`.
        seed: of the draws.

    Returns:
        float32 `[n]`, of mean 0.

    Example:
        >>> fit_offsets(np.array([[-1.0], [1.0]])).round(1).tolist()
        [-0.0, 0.0]

    Reference:
        An et al., AE-OT, 2020 (ICLR), algorithm 1.
    """
    points = np.asarray(points, np.float32)
    count, offsets, generator = len(points), np.zeros(len(points), np.float32), np.random.default_rng(seed)
    for step in range(STEPS):
        draws = generator.standard_normal((DRAWS, points.shape[1]), np.float32)
        chosen = np.argmax(draws @ points.T + offsets, axis=1)
        shares = np.bincount(chosen, minlength=count) / DRAWS
        size = (STEP if step < FINE * STEPS else FINE_STEP) * count**0.5
        offsets = (offsets + size * (1.0 / count - shares)).astype(np.float32)
    return offsets - offsets.mean()


def principal_points(features: np.ndarray, count: int) -> np.ndarray:
    """Points that lie as features do along their first principal directions, of mean square length 1.

    Args:
        features: float `[n, D]`, at least two different rows.
        count: directions; those that there are not are zero.

    Returns:
        float `[n, count]`.

    Example:
        >>> principal_points(np.array([[0.0, 1.0], [0.0, 5.0]]), 3).round(1).tolist()
        [[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    """
    most = min(count, *features.shape, len(features) - 1)
    points = PCA(most, random_state=0).fit_transform(features)
    points /= np.sqrt(np.square(points).sum(axis=1).mean())
    return np.pad(points, ((0, 0), (0, count - most)))
