"""Likelihoods of a VAE: images and their reconstructions in, nats per image out."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import Likelihood
from keras_transfer_gen.replicas import replica_mean
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config


LEAST_LOG_SCALE = -6.0  # about the rounding of an image to 256 levels: nothing finer can be learnt
LEAST_ERROR = 1e-30
MOMENTUM = 0.95  # of the running scale, a step
EDGE = 1e-6  # Bernoulli probabilities keep this distance from 0 and 1


def image_sum(values: tf.Tensor) -> tf.Tensor:
    """`[batch, ...]` -> float32 `[batch]`: the sum over all but the batch axis."""
    return tf.reduce_sum(tf.cast(values, tf.float32), axis=list(range(1, values.shape.rank)))


def image_mean(values: tf.Tensor) -> tf.Tensor:
    """`[batch, ...]` -> float32 `[batch]`: the mean over all but the batch axis."""
    return tf.reduce_mean(tf.cast(values, tf.float32), axis=list(range(1, values.shape.rank)))


class OptimalScale(Likelihood, abc.ABC):
    """A distribution of errors with one scale for all pixels, which has a closed form and is never tuned.

    Training takes the scale that is the most likely for the batch at hand, so that the balance between reconstruction
    and divergence finds itself, whatever the size of the images. Its running value is kept for evaluation.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        options = {"shape": (), "trainable": False, "dtype": "float32", "autocast": False, "aggregation": "mean"}
        # The mean of `spread`, of which the scale is a function; 1 until a step was made.
        self.error = self.add_weight(name="error", initializer="ones", **options)

    @abc.abstractmethod
    def spread(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        """The error of each number, `[batch, ...]`."""

    @abc.abstractmethod
    def log_scale(self, error: tf.Tensor) -> tf.Tensor:
        """The log of the scale that is the most likely for a mean error."""

    @abc.abstractmethod
    def cost(self, error: tf.Tensor, log_scale: tf.Tensor) -> tf.Tensor:
        """Nats for each number at a mean error of `error`."""

    def loss(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        error = image_mean(self.spread(real, reconstructions))
        # At the best scale the loss is flat in the scale, so that no gradient needs to flow through it.
        best = self.bounded_log_scale(tf.stop_gradient(replica_mean(tf.reduce_mean(error))))
        return numbers_in(real) * self.cost(error, best)

    def log_likelihood(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        error = image_mean(self.spread(real, reconstructions))
        return -numbers_in(real) * self.cost(error, self.bounded_log_scale(self.error.value))

    def after_step(self, real: tf.Tensor, reconstructions: tf.Tensor, index: tf.Tensor) -> None:
        error = replica_mean(tf.reduce_mean(image_mean(self.spread(real, reconstructions))))
        kept = tf.where(tf.equal(index, 0), 0.0, MOMENTUM)
        self.error.assign(kept * self.error.value + (1.0 - kept) * error)

    @property
    def scale(self) -> float:
        """The scale that evaluation uses, float, in units of the [-1, 1] range."""
        return float(tf.exp(self.bounded_log_scale(tf.convert_to_tensor(self.error))))

    def bounded_log_scale(self, error: tf.Tensor) -> tf.Tensor:
        """`log_scale`, but at least `LEAST_LOG_SCALE`, float32 scalar."""
        return tf.maximum(self.log_scale(tf.maximum(error, LEAST_ERROR)), LEAST_LOG_SCALE)


@keras.saving.register_keras_serializable(PACKAGE)
class GaussianOptimalSigma(OptimalScale):
    """Normal errors with the most likely variance: the mean squared error itself.

    Example:
        >>> cost = GaussianOptimalSigma().loss(tf.ones((1, 2, 2, 1)), tf.zeros((1, 2, 2, 1)))  # 2 log(2 pi e)
        >>> round(float(cost[0]), 4)
        5.6758

    Reference:
        Rybkin et al., Simple and Effective VAE Training with Calibrated Decoders, 2021 (arXiv:2006.13202), section 3.
    """

    def spread(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        return tf.square(tf.cast(real, tf.float32) - tf.cast(reconstructions, tf.float32))

    def log_scale(self, error: tf.Tensor) -> tf.Tensor:
        return 0.5 * tf.math.log(error)

    def cost(self, error: tf.Tensor, log_scale: float | tf.Tensor) -> tf.Tensor:
        return 0.5 * error * tf.exp(-2.0 * log_scale) + log_scale + 0.5 * math.log(2.0 * math.pi)


@keras.saving.register_keras_serializable(PACKAGE)
class LaplaceOptimalScale(OptimalScale):
    """Errors of the double exponential distribution with the most likely scale, the mean absolute error: "l1".

    Single wrong pixels cost less than with normal errors, so edges are sharper and faint structure is lost sooner.

    Example:
        >>> vae = VAE(encoder, decoder, likelihood=LaplaceOptimalScale())  # doctest: +SKIP
    """

    def spread(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        return tf.abs(tf.cast(real, tf.float32) - tf.cast(reconstructions, tf.float32))

    def log_scale(self, error: tf.Tensor) -> tf.Tensor:
        return tf.math.log(error)

    def cost(self, error: tf.Tensor, log_scale: float | tf.Tensor) -> tf.Tensor:
        return error * tf.exp(-log_scale) + log_scale + math.log(2.0)


@keras.saving.register_keras_serializable(PACKAGE)
class Bernoulli(Likelihood):
    """Each number is the probability of white: for images that are nearly black and white.

    The cross-entropy between the image and its reconstruction, both moved to [0, 1].

    Example:
        >>> vae = VAE(encoder, decoder, likelihood=Bernoulli())  # doctest: +SKIP

    Reference:
        Kingma and Welling, 2014 (arXiv:1312.6114), appendix C.1.
    """

    of_levels = False  # but of black and white

    def loss(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        return -self.log_likelihood(real, reconstructions)

    def log_likelihood(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        target = 0.5 * (tf.cast(real, tf.float32) + 1.0)
        white = tf.clip_by_value(0.5 * (tf.cast(reconstructions, tf.float32) + 1.0), EDGE, 1.0 - EDGE)
        return image_sum(target * tf.math.log(white) + (1.0 - target) * tf.math.log1p(-white))


@keras.saving.register_keras_serializable(PACKAGE)
class Perceptual(Likelihood):
    """A likelihood of pixels, and in training also the likeness of features, for sharper images.

    The features' errors are normal with the most likely variance, one for each map of features, and cost as much as
    all pixels would: `weight` is the share of them. Evaluation reports the pixels alone: only they have a density.

    Args:
        features: `keras.Model` or layer, float32 `[batch, H, W, C]` in [-1, 1] -> a tensor or a list of tensors.
        weight: of the features against the pixels.
        pixels: `Likelihood` of the pixels; `LaplaceOptimalScale` by default.

    Raises:
        UserError: where `features` is no Keras layer, which could not be saved.

    Example:
        >>> vae = VAE(encoder, decoder, likelihood=Perceptual(features))  # doctest: +SKIP

    Reference:
        Hou et al., Deep Feature Consistent Variational Autoencoder, 2017 (arXiv:1610.00291).
    """

    def __init__(self, features: Callable[..., Any], weight: float = 0.5, pixels: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(features, keras.layers.Layer):
            raise checks.user_error("features", "a Keras model or layer", features, "Wrap a function in a keras.Model.")
        self.features = features
        self.weight = checks.check_number("weight", weight)
        self.pixels = LaplaceOptimalScale() if pixels is None else pixels
        if not isinstance(self.pixels, Likelihood):
            raise checks.user_error("pixels", "a Likelihood", pixels)
        self.of_levels = self.pixels.of_levels

    def loss(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        pairs = zip(*(tf.nest.flatten(self.features(images)) for images in (real, reconstructions)), strict=True)
        costs = [_feature_cost(*pair) for pair in pairs]
        return self.pixels.loss(real, reconstructions) + self.weight * numbers_in(real) * tf.add_n(costs) / len(costs)

    def log_likelihood(self, real: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
        return self.pixels.log_likelihood(real, reconstructions)

    def after_step(self, real: tf.Tensor, reconstructions: tf.Tensor, index: tf.Tensor) -> None:
        self.pixels.after_step(real, reconstructions, index)

    def get_config(self) -> dict[str, Any]:
        parts = {"features": self.features, "pixels": self.pixels}
        saved = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        return {**super().get_config(), **saved, "weight": self.weight}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        parts = {name: keras.saving.deserialize_keras_object(config[name]) for name in ("features", "pixels")}
        return cls(**{**config, **parts})


def _feature_cost(real: tf.Tensor, reconstructed: tf.Tensor) -> tf.Tensor:
    """float32 `[batch]`: nats for each number of a map of features, their errors normal with the best variance."""
    error = image_mean(tf.square(tf.cast(real, tf.float32) - tf.cast(reconstructed, tf.float32)))
    variance = tf.stop_gradient(tf.maximum(replica_mean(tf.reduce_mean(error)), LEAST_ERROR))
    return 0.5 * (error / variance + tf.math.log(2.0 * math.pi * variance))


def numbers_in(images: tf.Tensor) -> float:
    """How many numbers one image (or map of features) has, float."""
    return float(math.prod(images.shape[1:]))
