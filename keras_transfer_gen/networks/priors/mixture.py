"""A mixture of normal distributions of latents, fitted to those of some images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf

from keras_transfer_gen import checks
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
class MixturePrior(Prior):
    """A mixture of normal distributions, sum_k w_k N(mean_k, factor_k factor_k^T).

    The noise itself chooses the component: the angle of its first two entries, which is uniform and independent of all
    the rest, is cut into one sector a component, as wide as its weight. The sector that the angle falls into is then
    stretched to the full turn, which gives a uniform angle again. The result follows the mixture exactly, and equal
    noise gives equal latents.

    Args:
        latent_dim: length of a latent vector, at least 2.
        components: number of distributions.

    Example:
        >>> prior = MixturePrior(2, components=2)
        >>> import numpy as np
        >>> prior.set_distribution([0.5, 0.5], [[9.0, 9.0], [-9.0, -9.0]], [np.eye(2), np.eye(2)]).sample(3).shape
        TensorShape([3, 2])
    """

    def __init__(self, latent_dim: int, components: int, **kwargs: Any) -> None:
        super().__init__(checks.check_integer("latent_dim", latent_dim, least=2), **kwargs)
        self.components = count = checks.check_integer("components", components)
        size = self.latent_dim
        equal = keras.initializers.Constant(1.0 / count)
        self.weights_of = self.add_weight(shape=(count,), name="component_weights", initializer=equal, **FITTED)
        self.means = self.add_weight(shape=(count, size), name="means", initializer="zeros", **FITTED)
        self.factors = self.add_weight(shape=(count, size, size), name="factors", initializer=identity, **FITTED)

    def set_distribution(
        self,
        weights: list[float] | np.ndarray,
        means: list[list[float]] | np.ndarray,
        covariances: list[np.ndarray] | np.ndarray,
    ) -> Self:
        """Sets weights `[K]` (positive, of sum 1), means `[K, latent_dim]` and covariances; returns the prior.

        Raises:
            UserError: where the shapes are others, the weights don't fit or a covariance isn't positive definite.
        """
        count, size = self.components, self.latent_dim
        weights = finite_array("weights", weights, (count,))
        if (weights <= 0).any() or abs(weights.sum() - 1) > 1e-4:
            raise checks.user_error("weights", "positive and of sum 1", weights.tolist())
        means = finite_array("means", means, (count, size))
        factors = cholesky("covariances", covariances, (count, size, size))
        self.weights_of.assign(weights / weights.sum())
        self.means.assign(means)
        self.factors.assign(factors)
        return self

    def call(self, noise: tf.Tensor) -> tf.Tensor:
        noise = tf.cast(noise, tf.float32)
        first, second = noise[:, 0], noise[:, 1]
        turn = 0.5 + tf.math.atan2(second, first) / (2.0 * math.pi)  # uniform in [0, 1]
        weights = tf.convert_to_tensor(self.weights_of)
        ends = tf.cumsum(weights)
        past = tf.cast(turn[:, None] >= ends[None, :-1], tf.float32)  # [batch, K - 1]; the last component has no end
        chosen = tf.cast(tf.reduce_sum(past, axis=1), tf.int32)
        begin = tf.gather(ends - weights, chosen)
        angle = 2.0 * math.pi * (turn - begin) / tf.gather(weights, chosen)
        radius = tf.sqrt(tf.square(first) + tf.square(second))
        fresh = tf.concat([tf.stack([radius * tf.cos(angle), radius * tf.sin(angle)], 1), noise[:, 2:]], 1)
        factors = tf.gather(tf.convert_to_tensor(self.factors), chosen)
        return tf.gather(tf.convert_to_tensor(self.means), chosen) + tf.matmul(factors, fresh[:, :, None])[:, :, 0]

    def log_prob(self, latents: tf.Tensor) -> tf.Tensor:
        latents = tf.cast(latents, tf.float32)
        centred = latents[None] - tf.convert_to_tensor(self.means)[:, None]  # [K, batch, latent_dim]
        each = factored_log_prob(centred, tf.convert_to_tensor(self.factors))
        return tf.reduce_logsumexp(each + tf.math.log(tf.convert_to_tensor(self.weights_of))[:, None], axis=0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "components": self.components}
