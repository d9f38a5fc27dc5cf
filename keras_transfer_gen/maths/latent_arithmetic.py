"""Spherical interpolation of latents, and directions between the latents of two groups of images."""

from __future__ import annotations

import numpy as np

from keras_transfer_gen import checks

PARALLEL = 1e-4  # sine of an angle: below it an arc equals a straight line in float32


def spherical_interpolation(start: np.ndarray, end: np.ndarray, shares: list[float] | np.ndarray) -> np.ndarray:
    """Latents on the arc from one latent to another; their length changes evenly as well.

    A straight line between two latents of a normal distribution passes nearer to the centre than latents are, where
    decoders were not trained. The arc doesn't.

    Args:
        start: float32 `[D]`.
        end: float32 `[D]`.
        shares: floats `[T]`, 0 for the start and 1 for the end.

    Returns:
        float32 `[T, D]`.

    Raises:
        UserError: where the two have different shapes or opposite directions, or where one of them is zero.

    Example:
        >>> middle = spherical_interpolation(np.float32([1, 0]), np.float32([0, 1]), [0.5])[0]
        >>> [round(float(number), 4) for number in middle]
        [0.7071, 0.7071]

    Reference:
        White, Sampling Generative Networks, 2016 (arXiv:1609.04468).
    """
    start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)
    shares = np.asarray(shares, np.float64)[:, None]
    if start.ndim != 1 or start.shape != end.shape:
        raise checks.user_error("end.shape", f"{start.shape}, as the start, of one dimension", end.shape)
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if min(lengths) == 0:
        hint = "A latent of zeros has no direction: choose another one."
        raise checks.user_error("start and end", "other than zero", "a latent of zeros", hint)
    first, last = start / lengths[0], end / lengths[1]
    cosine = np.clip(first @ last, -1.0, 1.0)
    angle, sine = np.arccos(cosine), np.sqrt(1.0 - cosine**2)
    if sine < PARALLEL and cosine < 0:
        hint = "All arcs between them have the same length: choose another latent."
        raise checks.user_error("end", "not opposite to the start", "an angle of 180 degrees", hint)
    if sine < PARALLEL:
        directions = (1 - shares) * first + shares * last
    else:
        directions = (np.sin((1 - shares) * angle) * first + np.sin(shares * angle) * last) / sine
    return (directions * ((1 - shares) * lengths[0] + shares * lengths[1])).astype(np.float32)


def attribute_direction(positive: list[np.ndarray] | np.ndarray, negative: list[np.ndarray] | np.ndarray) -> np.ndarray:
    """The direction from images without an attribute to images with it: the difference of their mean latents.

    Args:
        positive: float32 `[N, D]`, `z_mean` of images that have the attribute.
        negative: float32 `[M, D]`, of images that don't have it.

    Returns:
        float32 `[D]`.

    Raises:
        UserError: where the two have latents of different lengths, or the same mean.

    Example:
        >>> attribute_direction(np.float32([[3, 1], [1, 1]]), np.float32([[0, 1]])).tolist()
        [2.0, 0.0]

    Reference:
        Larsen et al., Autoencoding beyond Pixels using a Learned Similarity Metric, 2016 (arXiv:1512.09300).
    """
    positive, negative = np.asarray(positive, np.float64), np.asarray(negative, np.float64)
    if positive.ndim != 2 or negative.ndim != 2 or positive.shape[1] != negative.shape[1]:
        raise checks.user_error("negative.shape", f"[M, D] with D as in {positive.shape}", negative.shape)
    direction = positive.mean(axis=0) - negative.mean(axis=0)
    if not np.linalg.norm(direction):
        hint = "Choose images that differ in the attribute."
        raise checks.user_error("positive", "other images than negative", "the same mean latent", hint)
    return direction.astype(np.float32)


def move(latents: np.ndarray, direction: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """`latents + strength * direction`.

    Args:
        latents: float32 `[N, D]`.
        direction: float32 `[D]`, such as one of `attribute_direction`.
        strength: factor; 1 moves by the whole difference of the means.

    Returns:
        float32 `[N, D]`.
    """
    latents, direction = np.asarray(latents, np.float32), np.asarray(direction, np.float32)
    return latents + np.float32(strength) * direction
