"""The standard normal distribution of latents, with which a VAE is trained."""

from __future__ import annotations

import keras
import tensorflow as tf

from keras_transfer_gen import variational
from keras_transfer_gen.networks.priors.densities import standard_log_prob
from keras_transfer_gen.protocols import Prior
from keras_transfer_gen.version import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class StandardNormal(Prior):
    """N(0, I): the distribution that a VAE is trained with.

    Args:
        latent_dim: length of a latent vector; the model sets it where it is None.

    Example:
        >>> StandardNormal(8).sample(2, seed=0).shape
        TensorShape([2, 8])
    """

    def call(self, noise: tf.Tensor) -> tf.Tensor:
        return tf.cast(noise, tf.float32)

    def log_prob(self, latents: tf.Tensor) -> tf.Tensor:
        return standard_log_prob(tf.cast(latents, tf.float32))

    def kl_terms(self, z_mean: tf.Tensor, z_log_var: tf.Tensor, latents: tf.Tensor | None) -> tf.Tensor:
        return variational.kl_to_standard_normal(z_mean, z_log_var)
