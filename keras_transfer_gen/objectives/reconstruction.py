"""Losses of an autoencoder whose images are no sample of a density: pixels, edges, structure, features."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.objectives.likelihoods import image_mean
from keras_transfer_gen.protocols import Reconstruction
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config


SSIM_WINDOW = 7  # pixels along each side
SSIM_LIGHT, SSIM_CONTRAST = 0.01**2, 0.03**2  # what keeps quotients of empty windows near 1
WORST_SHARE = 0.05  # of the windows of an image


@keras.saving.register_keras_serializable(PACKAGE)
class PixelsAndEdges(Reconstruction):
    """Mean absolute error of the pixels and of the steps between neighbours; structure, and features where given.

    Steps cost what a blurred edge loses: pixels alone forgive it. Structure counts by contrast: dark eyes in a dark
    face, whose pixels are nearly right without them, cost as much as in a light one.

    Args:
        edge_weight: weight of the steps between neighbours, across and down.
        structure_weight: weight of 1 less the structural similarity (SSIM) of windows of 7 x 7 pixels, which images
            must have; 0 leaves it out.
        features: `keras.Model` or layer, float32 `[batch, H, W, C]` in [-1, 1] -> a tensor or a list of tensors, or
            None. The absolute errors of each are divided by the mean absolute value of the real images' features.
        feature_weight: weight of the features' mean error.
        worst_weight: weight of 1 less the structural similarity of those 5 % of an image's windows where it is lowest,
            which count again. Without it a small face may be lost, because the white around it is right.

    Raises:
        UserError: where `features` is no Keras model or layer.

    Example:
        >>> loss = PixelsAndEdges(structure_weight=0.0).loss(tf.ones((1, 2, 2, 1)), tf.zeros((1, 2, 2, 1)))
        >>> float(loss[0])
        1.0

    Reference:
        Mathieu et al., Deep multi-scale video prediction beyond mean square error, 2016 (arXiv:1511.05440), section
        3.2, for the steps; Zhao et al., Loss Functions for Image Restoration, 2017 (arXiv:1511.08861), for the
        structure; Johnson et al., Perceptual Losses, 2016 (arXiv:1603.08155), for the features.
    """

    def __init__(
        self, edge_weight: float = 1.0, features: tf.Tensor | None = None, feature_weight: float = 0.1,
        structure_weight: float = 0.5, worst_weight: float = 0.0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        if features is not None and not isinstance(features, keras.layers.Layer):
            raise checks.user_error("features", "a Keras model or layer", features, "Wrap a function in a keras.Model.")
        self.edge_weight = checks.check_number("edge_weight", edge_weight)
        self.features = features
        self.feature_weight = checks.check_number("feature_weight", feature_weight)
        self.structure_weight = checks.check_number("structure_weight", structure_weight)
        self.worst_weight = checks.check_number("worst_weight", worst_weight)

    def loss(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        error = tf.cast(real, tf.float32) - tf.cast(reconstructions, tf.float32)
        cost = image_mean(tf.abs(error))
        if self.edge_weight:
            across, down = error[:, :, 1:] - error[:, :, :-1], error[:, 1:] - error[:, :-1]
            cost += self.edge_weight * (image_mean(tf.abs(across)) + image_mean(tf.abs(down)))
        if self.structure_weight or self.worst_weight:
            lost = 1.0 - similarity_of_windows(real, reconstructions)
            cost += self.structure_weight * tf.reduce_mean(lost, axis=1)
            if self.worst_weight:
                worst, _ = tf.math.top_k(lost, math.ceil(WORST_SHARE * lost.shape[1]), sorted=False)
                cost += self.worst_weight * tf.reduce_mean(worst, axis=1)
        if self.features is not None and self.feature_weight:
            pairs = zip(*(tf.nest.flatten(self.features(images)) for images in (real, reconstructions)), strict=True)
            costs = [_relative_error(*pair) for pair in pairs]
            cost += self.feature_weight * tf.add_n(costs) / len(costs)
        return cost

    def get_config(self) -> dict[str, Any]:
        features = None if self.features is None else keras.saving.serialize_keras_object(self.features)
        names = ("edge_weight", "feature_weight", "structure_weight", "worst_weight")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, "features": features}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        features = config["features"]
        config = {"structure_weight": 0.0, **config}  # files of earlier versions have none
        return cls(**{**config, "features": features and keras.saving.deserialize_keras_object(features)})


def structural_similarity(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """The mean SSIM of images, float32 `[batch]`, at most 1: see `similarity_of_windows`."""
    return tf.reduce_mean(similarity_of_windows(first, second), axis=1)


def similarity_of_windows(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """SSIM of images in windows of 7 x 7 pixels that all count alike, the mean of the channels.

    Plain windows are means of neighbours, which are fast, their gradients too; `tf.image.ssim` weighs by a Gaussian.

    Args:
        first: `[batch, H, W, C]` in [-1, 1], sides of at least 7.
        second: of the same shape.

    Returns:
        float32 `[batch, (H - 6) * (W - 6)]`, at most 1.

    Reference:
        Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, 2004, equation 13.
    """
    # From 0 on, as the measure is made for intensities.
    x, y = ((tf.cast(images, tf.float32) + 1.0) / 2.0 for images in (first, second))

    def mean(images: tf.Tensor) -> tf.Tensor:
        return tf.nn.avg_pool2d(images, SSIM_WINDOW, 1, "VALID")

    mean_x, mean_y = mean(x), mean(y)
    product, squares = mean_x * mean_y, tf.square(mean_x) + tf.square(mean_y)
    light = (2.0 * product + SSIM_LIGHT) / (squares + SSIM_LIGHT)
    covariance, variances = mean(x * y) - product, mean(tf.square(x) + tf.square(y)) - squares
    similarity = light * (2.0 * covariance + SSIM_CONTRAST) / (variances + SSIM_CONTRAST)
    rows, columns = similarity.shape[1:3]
    return tf.reshape(tf.reduce_mean(similarity, axis=-1), (-1, rows * columns))


def _relative_error(real: tf.Tensor, reconstructed: tf.Tensor) -> tf.Tensor:
    """float32 `[batch]`: mean absolute error of features as a share of the real ones' mean absolute value."""
    real = tf.cast(real, tf.float32)
    scale = tf.stop_gradient(tf.reduce_mean(tf.abs(real))) + 1e-6
    return image_mean(tf.abs(real - tf.cast(reconstructed, tf.float32))) / scale
