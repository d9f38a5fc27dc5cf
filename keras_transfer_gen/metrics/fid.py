"""Frechet distance between two sets of features; exact at any number of images.

Reference: Heusel et al., GANs Trained by a Two Time-Scale Update Rule, 2017 (arXiv:1706.08500).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.inputs import check_features, check_pair


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Mean and covariance of the features of a set.

    Args:
        mean: float64 `[D]`.
        covariance: float64 `[D, D]`, divided by count - 1.
        count: how many images there were.
    """

    mean: np.ndarray
    covariance: np.ndarray
    count: int


def features_to_statistics(features: np.ndarray) -> Statistics:
    """Mean and covariance (divided by N - 1) of `[N, D]` features, N at least 2, in float64.

    Raises:
        UserError: for fewer than 2 rows or numbers that are not finite.

    Example:
        >>> features_to_statistics([[0.0], [2.0]]).covariance
        array([[2.]])
    """
    features = check_features("features", features)
    mean = features.mean(axis=0)
    centred = features - mean
    return Statistics(mean, centred.T @ centred / (len(features) - 1), len(features))


def frechet_distance(a: Statistics, b: Statistics) -> float:
    """|mean_a - mean_b|^2 + Tr A + Tr B - 2 Tr (A B)^(1/2), for two `Statistics`.

    The last trace is the sum of the square roots of the eigenvalues of A^(1/2) B A^(1/2), which is symmetric. So there
    is no complex square root, and singular covariances need no special case.

    Returns:
        float, in squared units of the features.

    Raises:
        UserError: where the two have different numbers of features.

    Example:
        >>> a, b = features_to_statistics([[0.0], [2.0]]), features_to_statistics([[3.0], [5.0]])
        >>> frechet_distance(a, b)
        9.0
    """
    if a.mean.shape != b.mean.shape:
        hint = "Extract both with the same feature network."
        raise checks.user_error("b.mean.shape", f"{a.mean.shape}, as in the other set", b.mean.shape, hint)
    values, vectors = np.linalg.eigh(a.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    crossed = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b.covariance @ root), 0.0)).sum()
    gap = ((a.mean - b.mean) ** 2).sum()
    return float(gap + np.trace(a.covariance) + np.trace(b.covariance) - 2 * crossed)


def fid(real_features: np.ndarray, fake_features: np.ndarray) -> float:
    """Frechet distance between two sets of features.

    With X and Y the centred features over the roots of N - 1 and M - 1, Tr (A B)^(1/2) is the nuclear norm of X Y^T,
    which is only `[N, M]`: quick and exact where there are fewer images than features. The value itself is too high for
    small N and M: compare only values of equal numbers of images.

    Args:
        real_features: `[N, D]`, N at least 2.
        fake_features: `[M, D]`, M at least 2.

    Returns:
        float, in squared units of the features.

    Raises:
        UserError: where a set has fewer than 2 rows, another length of rows, or numbers that are not finite.

    Example:
        >>> round(fid([[0.0], [2.0]], [[3.0], [5.0]]), 9)
        9.0
    """
    real, fake = check_pair(real_features, fake_features)
    if min(len(real), len(fake)) > real.shape[1]:
        return frechet_distance(features_to_statistics(real), features_to_statistics(fake))
    x, y = ((rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1) for rows in (real, fake))
    crossed = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    gap = ((real.mean(axis=0) - fake.mean(axis=0)) ** 2).sum()
    return float(gap + (x**2).sum() + (y**2).sum() - 2 * crossed)
