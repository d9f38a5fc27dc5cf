"""Log densities of normal distributions, and checks of their means and covariances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks

FITTED = {"trainable": False, "dtype": "float32", "autocast": False}  # of fitted weights; fine-tuning leaves them


def cholesky(name: str, covariance: list[np.ndarray] | np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The lower Cholesky factors, float64, of covariances of a shape `[..., D, D]`; a `UserError` where there is none.

    Args:
        name: of the argument, for the error.
        covariance: array-like of that shape.
        shape: the shape.
    """
    covariance = finite_array(name, covariance, shape)
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as error:
        hint = "Fit it to more latents, or with shrinkage: fit_prior(..., kind='shrunk')."
        raise checks.user_error(name, "positive definite", f"array {covariance.shape}", hint) from error


def finite_array(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """`value` as a float64 ndarray; a `UserError` where it has another shape or a number that is not finite."""
    array = np.asarray(value, np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise checks.user_error(name, f"a finite array of shape {list(shape)}", list(array.shape))
    return array


def identity(shape: tuple[int, ...], dtype: str | None = None) -> tf.Tensor:
    """Initializer of Cholesky factors `[..., D, D]`: identity matrices."""
    return tf.eye(shape[-1], batch_shape=shape[:-2], dtype=dtype)


def standard_log_prob(latents: tf.Tensor) -> tf.Tensor:
    """Log density of latents `[..., D]` under N(0, I): float32 `[...]`, nats."""
    size = tf.cast(tf.shape(latents)[-1], tf.float32)
    return -0.5 * (tf.reduce_sum(tf.square(latents), axis=-1) + size * math.log(2.0 * math.pi))


def factored_log_prob(centred: np.ndarray | tf.Tensor, factor: np.ndarray | tf.Tensor) -> tf.Tensor:
    """Log density of centred latents `[..., batch, D]` under N(0, factor factor^T), factor `[..., D, D]`."""
    white = tf.linalg.matrix_transpose(tf.linalg.triangular_solve(factor, tf.linalg.matrix_transpose(centred)))
    log_determinant = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factor)), axis=-1)
    return standard_log_prob(white) - log_determinant[..., None]
