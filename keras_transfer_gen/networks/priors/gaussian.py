"""One normal distribution of latents, fitted to those of some images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf

from keras_transfer_gen.networks.priors.densities import (
    FITTED,
    cholesky,
    factored_log_prob,
    finite_array,
    identity,
)
from keras_transfer_gen.protocols import Prior
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import numpy as np


@keras.saving.register_keras_serializable(PACKAGE)
class GaussianPrior(Prior):
    """N(mean, factor factor^T): noise goes to mean + factor noise.

    Args:
        latent_dim: length of a latent vector.

    Example:
        >>> prior = GaussianPrior(2).set_distribution([1.0, 0.0], [[4.0, 0.0], [0.0, 1.0]])
        >>> prior(tf.ones((1, 2))).numpy().tolist()
        [[3.0, 1.0]]
    """

    def __init__(self, latent_dim: int, **kwargs: Any) -> None:
        super().__init__(latent_dim, **kwargs)
        size = self.latent_dim
        self.mean = self.add_weight(shape=(size,), name="mean", initializer="zeros", **FITTED)
        self.factor = self.add_weight(shape=(size, size), name="factor", initializer=identity, **FITTED)

    def set_distribution(self, mean: tf.Tensor, covariance: np.ndarray) -> Self:
        """Sets mean `[latent_dim]` and covariance `[latent_dim, latent_dim]`; returns the prior.

        Raises:
            UserError: where the shapes are others or the covariance isn't positive definite.
        """
        size = self.latent_dim
        mean, factor = finite_array("mean", mean, (size,)), cholesky("covariance", covariance, (size, size))
        self.mean.assign(mean)
        self.factor.assign(factor)
        return self

    def call(self, noise: tf.Tensor) -> tf.Tensor:
        factor = tf.convert_to_tensor(self.factor)
        return tf.convert_to_tensor(self.mean) + tf.matmul(tf.cast(noise, tf.float32), factor, transpose_b=True)

    def log_prob(self, latents: tf.Tensor) -> tf.Tensor:
        centred = tf.cast(latents, tf.float32) - self.mean
        return factored_log_prob(centred, tf.convert_to_tensor(self.factor))

    def kl_terms(self, z_mean: tf.Tensor, z_log_var: tf.Tensor, latents: tf.Tensor | None) -> tf.Tensor:
        factor = tf.convert_to_tensor(self.factor)
        inverse = tf.linalg.triangular_solve(factor, tf.eye(self.latent_dim))
        white = tf.matmul(z_mean - self.mean, inverse, transpose_b=True)
        precision = tf.reduce_sum(tf.square(inverse), axis=0)  # diagonal of the inverse covariance
        log_determinant = 2.0 * tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factor)))
        each = tf.exp(z_log_var) * precision - 1.0 - z_log_var
        total = tf.reduce_sum(tf.square(white), -1) + tf.reduce_sum(each, -1) + log_determinant
        return 0.5 * total[:, tf.newaxis]  # its dimensions are not independent: one term
