"""The distributions that latents follow: what each name of `specs.DISTRIBUTIONS` makes of draws from N(0, 1)."""

import math

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.specs import DISTRIBUTIONS

CUT = 2.0  # standard deviations at which "truncated_normal" ends


def follow(distribution, normals):
    """Turns draws from N(0, 1) into draws from another distribution.

    One stream of normal numbers so serves every distribution, and vector i still depends on its own numbers alone. Each entry
    keeps its rank: the larger the normal number, the larger what becomes of it ("sphere" moves a whole vector).

    Args:
        distribution: "normal", N(0, 1) as it is; "uniform", U[-1, 1]; "truncated_normal", N(0, 1) drawn again beyond
            2; "sphere", uniform on the sphere of the radius `sqrt(latent_dim)`.
        normals: float32 `[N, latent_dim]` from N(0, 1), a tensor or an ndarray.

    Returns:
        float32 of the same shape; a tensor, or an ndarray where one was given.

    Raises:
        UserError: for another name.

    Example:
        >>> follow("uniform", np.float32([[-0.6745, 0.0, 0.6745]])).round(3).tolist()
        [[-0.5, 0.0, 0.5]]
        >>> follow("sphere", np.ones((2, 4), np.float32)).tolist() == np.ones((2, 4)).tolist()
        True
    """
    law = _DISTRIBUTIONS[checks.check_choice("distribution", distribution, DISTRIBUTIONS)]
    made = law(tf.convert_to_tensor(normals, tf.float32))
    return made.numpy() if isinstance(normals, np.ndarray) else made


def _uniform(normals):
    return tf.math.erf(normals / math.sqrt(2.0))  # 2 F(x) - 1, where F is the normal distribution function


def _truncated_normal(normals):
    """The inverse distribution function of the cut distribution, at the value of the whole distribution's."""
    share = math.erf(CUT / math.sqrt(2.0))  # of N(0, 1) within the cut
    return math.sqrt(2.0) * tf.math.erfinv(share * tf.math.erf(normals / math.sqrt(2.0)))


def _sphere(normals):
    return normals * tf.math.rsqrt(tf.reduce_mean(normals**2, -1, keepdims=True) + 1e-12)


_DISTRIBUTIONS = {
    "normal": lambda normals: normals,
    "uniform": _uniform,
    "truncated_normal": _truncated_normal,
    "sphere": _sphere,
}
