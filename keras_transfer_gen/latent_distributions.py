"""The distributions of latents, each as a function of draws from N(0, 1)."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.specs import DISTRIBUTIONS

CUT = 2.0  # standard deviations: "truncated_normal" has none beyond


def transform_normals(distribution: str, normals: np.ndarray | tf.Tensor) -> np.ndarray | tf.Tensor:
    """Draws from N(0, 1) -> draws from a distribution of `specs.DISTRIBUTIONS`.

    So the same normal numbers serve every distribution, and vector i depends on its own numbers alone. Each entry keeps
    its rank: the larger the normal number, the larger the result ("sphere" scales a whole vector).

    Args:
        distribution: "normal", N(0, 1) unchanged; "uniform", U[-1, 1]; "truncated_normal", N(0, 1) within 2 standard
            deviations; "sphere", uniform on the sphere of radius `sqrt(latent_dim)`.
        normals: float32 `[N, latent_dim]` from N(0, 1), a tensor or an ndarray.

    Returns:
        float32 of the same shape; an ndarray where `normals` is one, else a tensor.

    Raises:
        UserError: for another distribution.

    Example:
        >>> transform_normals("uniform", np.float32([[-0.6745, 0.0, 0.6745]])).round(3).tolist()
        [[-0.5, 0.0, 0.5]]
        >>> transform_normals("sphere", np.ones((2, 4), np.float32)).tolist() == np.ones((2, 4)).tolist()
        True
    """
    transform = _TRANSFORMS[checks.check_choice("distribution", distribution, DISTRIBUTIONS)]
    latents = transform(tf.convert_to_tensor(normals, tf.float32))
    return latents.numpy() if isinstance(normals, np.ndarray) else latents


def _uniform(normals: tf.Tensor) -> tf.Tensor:
    return tf.math.erf(normals / math.sqrt(2.0))  # 2 F(x) - 1, where F is the normal distribution function


def _truncated_normal(normals: tf.Tensor) -> tf.Tensor:
    """The inverse distribution function of the truncated normal, at the distribution function of N(0, 1)."""
    share = math.erf(CUT / math.sqrt(2.0))  # of N(0, 1) that is kept
    return math.sqrt(2.0) * tf.math.erfinv(share * tf.math.erf(normals / math.sqrt(2.0)))


def _sphere(normals: tf.Tensor) -> tf.Tensor:
    return normals * tf.math.rsqrt(tf.reduce_mean(normals**2, -1, keepdims=True) + 1e-12)


_TRANSFORMS = {
    "normal": lambda normals: normals,
    "uniform": _uniform,
    "truncated_normal": _truncated_normal,
    "sphere": _sphere,
}
