"""Directions of a latent space that change images most: of a network's first matrices, or of latents and effects."""

from __future__ import annotations

import numpy as np

from keras_transfer_gen import checks


def matrix_directions(matrices: list[np.ndarray], count: int) -> tuple[np.ndarray, np.ndarray]:
    """The directions that a set of matrices amplifies most: closed-form factorisation (SeFa).

    Args:
        matrices: list of float `[D, O]`, each from a vector of length D to O numbers. Each column counts alike,
            whatever its length.
        count: directions, at most D.

    Returns:
        (float32 `[count, D]`, orthonormal, the strongest first; float32 `[count]`, eigenvalues). The largest entry of
        each direction is positive.

    Raises:
        UserError: for a count that is too large.

    Reference:
        Shen and Zhou, Closed-Form Factorization of Latent Semantics in GANs, 2021 (arXiv:2007.06600).
    """
    stacked = np.concatenate([np.asarray(matrix, np.float64) for matrix in matrices], axis=1)
    lengths = np.linalg.norm(stacked, axis=0)
    stacked = stacked / np.where(lengths > 0, lengths, 1.0)
    count = check_count(count, len(stacked))
    values, vectors = np.linalg.eigh(stacked @ stacked.T)
    return _signed(vectors.T[::-1][:count]), values[::-1][:count].astype(np.float32)


def effect_directions(latents: np.ndarray, effects: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The directions of latents that change measured effects most, by a linear fit.

    Args:
        latents: float `[N, D]`, N above D.
        effects: float `[N, F]`, what each latent leads to, such as the pixels of a small image.
        count: directions, at most D and F.

    Returns:
        (float32 `[count, D]`, orthonormal, the strongest first; float32 `[count]`, singular values of the fit). The
        largest entry of each direction is positive.

    Raises:
        UserError: for a count that is too large, or too few latents.

    Reference:
        Härkönen et al., GANSpace: Discovering Interpretable GAN Controls, 2020 (arXiv:2004.02546), for the aim.
    """
    latents, effects = (np.asarray(part, np.float64) for part in (latents, effects))
    count = check_count(count, min(latents.shape[1], effects.shape[1]))
    if len(latents) <= latents.shape[1]:
        hint = "A fit needs more images than latent dimensions."
        raise checks.user_error("samples", f"above {latents.shape[1]}", len(latents), hint)
    centred = latents - latents.mean(axis=0)
    fit = np.linalg.lstsq(centred, effects - effects.mean(axis=0), rcond=None)[0]
    vectors, values, _ = np.linalg.svd(fit, full_matrices=False)
    return _signed(vectors.T[:count]), values[:count].astype(np.float32)


def check_count(count: int, most: int) -> int:
    """Returns a number of directions, or raises a `UserError`."""
    hint = "Such as --num 8."
    return checks.check_integer("num", count, most=most, next_step=hint)


def _signed(directions: np.ndarray) -> np.ndarray:
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return (directions * np.where(largest < 0, -1.0, 1.0)).astype(np.float32)
