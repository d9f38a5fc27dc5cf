"""Kernel Inception distance (KID) of any features: an unbiased estimate with a bootstrap deviation.

Reference: Binkowski et al., Demystifying MMD GANs, 2018 (arXiv:1801.01401).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.inputs import check_pair


class KidScore(NamedTuple):
    """KID times 1,000 and its bootstrap deviation, times 1,000 as well."""

    value: float
    std: float


def polynomial_kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(x . y / D + 1)^3 for every pair of rows.

    Args:
        x: float `[N, D]`.
        y: float `[M, D]`.

    Returns:
        float64 `[N, M]`.

    Example:
        >>> polynomial_kernel([[1.0, 1.0]], [[1.0, 1.0], [0.0, 0.0]])
        array([[8., 1.]])
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    return (x @ y.T / x.shape[1] + 1.0) ** 3


def kid(real_features: np.ndarray, fake_features: np.ndarray) -> float:
    """Unbiased estimate of the squared maximum mean discrepancy, over all pairs; not times 1,000.

    sum_{i!=j} k(x_i, x_j) / (m (m - 1)) + sum_{i!=j} k(y_i, y_j) / (n (n - 1)) - 2 mean_{ij} k(x_i, y_j). It may be
    negative: for two samples of one distribution it is 0 on average.

    Args:
        real_features: `[m, D]`, m at least 2.
        fake_features: `[n, D]`, n at least 2; m and n may differ.

    Returns:
        float.

    Raises:
        UserError: where a set has fewer than 2 rows, another length of rows, or numbers that are not finite.

    Example:
        >>> kid([[0.0], [0.0]], [[1.0], [1.0]])
        7.0
    """
    kernels = kernel_matrices(*check_pair(real_features, fake_features))
    return float(weighted_kid(*kernels, *(np.ones((1, len(kernel))) for kernel in kernels[:2]))[0])


def kid_score(real_features: np.ndarray, fake_features: np.ndarray, resamples: int = 100, seed: int = 0) -> KidScore:
    """`kid` times 1,000, and how far it varies between samples of the same kind of images.

    The deviation is that of a bootstrap: both sets are resampled with replacement, and pairs of copies of one image are
    left out, as they would make every resample seem more alike than it is. For two samples of one distribution it is
    too large (about 1.7 times the true deviation), for sets that differ it is close.

    Args:
        real_features: `[m, D]`, m at least 2.
        fake_features: `[n, D]`, n at least 2.
        resamples: bootstrap samples, at least 2.
        seed: of the resampling; the same seed gives the same deviation.

    Returns:
        `KidScore(value, std)`: the full-sample estimate (not the resamples' mean) and the deviation, both x 1,000.

    Raises:
        UserError: as `kid`, and for fewer than 2 resamples.

    Example:
        >>> kid_score([[0.0], [0.0]], [[1.0], [1.0]])
        KidScore(value=7000.0, std=0.0)
    """
    resamples = checks.check_integer("resamples", resamples, least=2)
    real, fake = check_pair(real_features, fake_features)
    kernels = kernel_matrices(real, fake)
    full = weighted_kid(*kernels, np.ones((1, len(real))), np.ones((1, len(fake))))[0]
    generator = np.random.default_rng(seed)
    real_counts, fake_counts = (draw_counts(generator, len(rows), resamples) for rows in (real, fake))
    values = weighted_kid(*kernels, real_counts, fake_counts)
    return KidScore(float(1000 * full), float(1000 * values.std(ddof=1)))


def kernel_matrices(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(within real, within fake, between): `[m, m]`, `[n, n]`, `[m, n]`; the first two with zeros on the diagonal."""
    within_real, within_fake = polynomial_kernel(real, real), polynomial_kernel(fake, fake)
    np.fill_diagonal(within_real, 0.0)
    np.fill_diagonal(within_fake, 0.0)
    return within_real, within_fake, polynomial_kernel(real, fake)


def draw_counts(generator: np.random.Generator, size: int, resamples: int) -> np.ndarray:
    """`[resamples, size]`: how often each row is drawn in `size` draws; at least two rows, as one has no pairs."""
    counts = generator.multinomial(size, np.full(size, 1.0 / size), resamples)
    while (single := (counts > 0).sum(axis=1) < 2).any():
        counts[single] = generator.multinomial(size, np.full(size, 1.0 / size), int(single.sum()))
    return counts.astype(np.float64)


def weighted_kid(
    within_real: np.ndarray,
    within_fake: np.ndarray,
    between: np.ndarray,
    real_counts: np.ndarray,
    fake_counts: np.ndarray,
) -> np.ndarray:
    """float64 `[R]`: the estimate for R resamples at once, from counts `[R, m]` and `[R, n]` of each row.

    A pair i != j counts w_i w_j times, and sum_{i!=j} w_i w_j = (sum w)^2 - sum w^2.
    """
    terms = []
    for kernel, counts in ((within_real, real_counts), (within_fake, fake_counts)):
        pairs = counts.sum(axis=1) ** 2 - (counts**2).sum(axis=1)
        terms.append(((counts @ kernel) * counts).sum(axis=1) / pairs)
    crossed = ((real_counts @ between) * fake_counts).sum(axis=1)
    return terms[0] + terms[1] - 2 * crossed / (real_counts.sum(axis=1) * fake_counts.sum(axis=1))
