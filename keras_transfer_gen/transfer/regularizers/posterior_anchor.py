"""Keeps a VAE's posterior near that of its source, so that the latent space keeps its meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import Regularizer
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import numpy as np


@keras.saving.register_keras_serializable(PACKAGE)
class PosteriorAnchor(Regularizer):
    """Adds weight x KL(q(z|x) || q_source(z|x)), nats per image, averaged over the batch.

    The source's encoder is copied when the model is first compiled; the copy is never trained and runs in inference
    mode. A model that is loaded in the middle of a training keeps that copy.

    Args:
        weight: factor, at least 0.
        interval: steps from one to the next, see `Regularizer`.

    Example:
        >>> PosteriorAnchor(0.5).weight
        0.5
    """

    phases = ("vae",)

    def __init__(self, weight: float = 1.0, interval: int = 1, **kwargs: Any) -> None:
        super().__init__(interval, **kwargs)
        self.weight = checks.check_number("weight", weight, next_step="Such as 1.0.")
        self.source: Any = None

    def attach(self, model: Any, data: Any = None) -> None:
        if "encoder" not in model.roles:
            hint = "Give it to VAE.compile; a GAN has L2SP."
            raise checks.user_error("regularizers", "those that fit the model", "PosteriorAnchor", hint)
        if self.source is None:  # compiled again: the source stays
            encoder = model.roles["encoder"]
            source = keras.models.clone_model(encoder)
            source.set_weights(encoder.get_weights())
            source.trainable = False
            self.source = source

    def losses(self, step: Any) -> dict[str, tf.Tensor]:
        source_mean, source_log_var = self.source(step.real, training=False)
        divergence = gaussian_divergence(step.z_mean, step.z_log_var, source_mean, source_log_var)
        return {step.phase: self.weight * divergence}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight}


def gaussian_divergence(
    mean: np.ndarray | tf.Tensor,
    log_var: np.ndarray | tf.Tensor,
    other_mean: np.ndarray | tf.Tensor,
    other_log_var: np.ndarray | tf.Tensor,
) -> tf.Tensor:
    """KL(N(mean, exp log_var) || N(other_mean, exp other_log_var)) of diagonal distributions.

    Args:
        mean: float32 `[batch, D]`.
        log_var: the same.
        other_mean: the same.
        other_log_var: the same.

    Returns:
        float32 `[batch]`, nats.

    Example:
        >>> zero, one = tf.zeros((1, 2)), tf.ones((1, 2))
        >>> float(gaussian_divergence(one, zero, zero, zero)[0])  # half the squared distance
        1.0
    """
    mean, log_var = tf.cast(mean, tf.float32), tf.cast(log_var, tf.float32)
    other_mean, other_log_var = tf.cast(other_mean, tf.float32), tf.cast(other_log_var, tf.float32)
    narrowing = other_log_var - log_var
    scaled = tf.exp(-narrowing) + tf.square(mean - other_mean) * tf.exp(-other_log_var)
    return 0.5 * tf.reduce_sum(narrowing + scaled - 1.0, axis=-1)
