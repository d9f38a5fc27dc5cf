"""Losses of an autoencoder whose images are no sample of a density: pixels, edges, features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.objectives.likelihoods import image_mean
from keras_transfer_gen.protocols import Reconstruction
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config


@keras.saving.register_keras_serializable(PACKAGE)
class PixelsAndEdges(Reconstruction):
    """Mean absolute error of the pixels, of the steps between neighbouring pixels, and of features where given.

    Steps cost what a blurred edge loses: pixels alone forgive it.

    Args:
        edge_weight: weight of the steps between neighbours, across and down.
        features: `keras.Model` or layer, float32 `[batch, H, W, C]` in [-1, 1] -> a tensor or a list of tensors, or
            None. The absolute errors of each are divided by the mean absolute value of the real images' features.
        feature_weight: weight of the features' mean error.

    Raises:
        UserError: where `features` is no Keras model or layer.

    Example:
        >>> loss = PixelsAndEdges().loss(tf.ones((1, 2, 2, 1)), tf.zeros((1, 2, 2, 1)))
        >>> float(loss[0])
        1.0

    Reference:
        Mathieu et al., Deep multi-scale video prediction beyond mean square error, 2016 (arXiv:1511.05440), section
        3.2, for the steps; Johnson et al., Perceptual Losses, 2016 (arXiv:1603.08155), for the features.
    """

    def __init__(
        self, edge_weight: float = 1.0, features: tf.Tensor | None = None, feature_weight: float = 0.1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if features is not None and not isinstance(features, keras.layers.Layer):
            raise checks.user_error("features", "a Keras model or layer", features, "Wrap a function in a keras.Model.")
        self.edge_weight = checks.check_number("edge_weight", edge_weight)
        self.features = features
        self.feature_weight = checks.check_number("feature_weight", feature_weight)

    def loss(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        error = tf.cast(real, tf.float32) - tf.cast(reconstructions, tf.float32)
        cost = image_mean(tf.abs(error))
        if self.edge_weight:
            across, down = error[:, :, 1:] - error[:, :, :-1], error[:, 1:] - error[:, :-1]
            cost += self.edge_weight * (image_mean(tf.abs(across)) + image_mean(tf.abs(down)))
        if self.features is not None and self.feature_weight:
            pairs = zip(*(tf.nest.flatten(self.features(images)) for images in (real, reconstructions)), strict=True)
            costs = [_relative_error(*pair) for pair in pairs]
            cost += self.feature_weight * tf.add_n(costs) / len(costs)
        return cost

    def get_config(self) -> dict[str, Any]:
        features = None if self.features is None else keras.saving.serialize_keras_object(self.features)
        own = {"edge_weight": self.edge_weight, "features": features, "feature_weight": self.feature_weight}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        features = config["features"]
        return cls(**{**config, "features": features and keras.saving.deserialize_keras_object(features)})


def _relative_error(real: tf.Tensor, reconstructed: tf.Tensor) -> tf.Tensor:
    """float32 `[batch]`: mean absolute error of features as a share of the real ones' mean absolute value."""
    real = tf.cast(real, tf.float32)
    scale = tf.stop_gradient(tf.reduce_mean(tf.abs(real))) + 1e-6
    return image_mean(tf.abs(real - tf.cast(reconstructed, tf.float32))) / scale
