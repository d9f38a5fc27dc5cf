"""Directions of the noise behind images, those first that change the images most."""

from __future__ import annotations

import numpy as np

from keras_transfer_gen import checks

MOST_SIDE = 32  # pixels: larger images are averaged down first


def effect_directions(
    noise: np.ndarray, images: np.ndarray, count: int, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The directions along which noise from N(0, 1) changes images most, on average.

    The images are fitted by a linear function of the noise. The right singular vectors of that function are the
    directions: a principal component analysis of the noise's effect.

    Args:
        noise: float32 `[N, D]` from N(0, 1), N at least 2 D.
        images: uint8 `[N, S, S, C]`, the image of each row.
        count: how many directions, at most D.
        groups: integers `[N]`, such as class numbers: what differs between groups is no effect of the noise. Or None.

    Returns:
        (directions, effects): float32 `[count, D]`, orthogonal unit vectors, each in the sense in which images become
        brighter; float64 `[count]`, by how many pixel levels a step of 1 changes an image (root mean square), falling.

    Raises:
        UserError: where there are too few rows, or more directions than dimensions.

    Example:
        >>> noise = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)
        >>> images = np.clip(128 + 20 * noise[:, 1], 0, 255).astype(np.uint8)[:, None, None, None]
        >>> directions, effects = effect_directions(noise, images, 1)
        >>> abs(directions.round(1)).tolist(), round(float(effects[0]))
        ([[0.0, 1.0, 0.0]], 20)

    Reference:
        Härkönen et al., GANSpace: Discovering Interpretable GAN Controls, 2020 (arXiv:2004.02546), which does this with
        activations of the first layers.
    """
    noise, images = np.asarray(noise, np.float64), np.asarray(images)
    rows, size = noise.shape
    checks.check_integer("count", count, most=size)
    if rows < 2 * size:
        raise checks.user_error("noise", f"at least {2 * size} rows of {size} numbers", rows)
    pixels = _small(images).reshape(rows, -1)
    groups = np.zeros(rows, int) if groups is None else np.asarray(groups)
    for group in np.unique(groups):
        chosen = groups == group
        pixels[chosen] -= pixels[chosen].mean(axis=0)
        noise[chosen] -= noise[chosen].mean(axis=0)
    slopes, *_ = np.linalg.lstsq(noise, pixels, rcond=None)  # [D, pixels]
    directions, strengths, effects = np.linalg.svd(slopes, full_matrices=False)
    count = min(count, len(strengths))
    signs = np.where(effects[:count].sum(axis=1) < 0, -1.0, 1.0)
    unit_steps = strengths[:count] / np.sqrt(pixels.shape[1])
    return (directions[:, :count] * signs).T.astype(np.float32), unit_steps


def _small(images: np.ndarray) -> np.ndarray:
    """float64 images, averaged down to `MOST_SIDE` pixels where they are larger."""
    factor = max(1, -(-images.shape[1] // MOST_SIDE))
    count, side, _, channels = images.shape
    cut = side // factor * factor
    blocks = images[:, :cut, :cut].reshape(count, cut // factor, factor, cut // factor, factor, channels)
    return blocks.mean(axis=(2, 4), dtype=np.float64)
