"""A student generator gives the images that its teacher gives of the same latents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks, efficientnet_lite
from keras_transfer_gen.protocols import Regularizer
from keras_transfer_gen.version import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class Imitation(Regularizer):
    """Adds the distance of the student's images from the teacher's: of pixels, and of what EfficientNet-Lite1 sees.

    The teacher is no part of the model and is not saved with it: give it by `set_teacher` before training. A model that
    is loaded from a file has none, and then nothing is added.

    Args:
        pixel_weight: factor of the mean absolute difference of pixels, in units of the range [-1, 1].
        feature_weight: factor of the mean squared difference of standardised features, averaged over four depths; 0
            leaves the network out.
        interval: steps from one to the next, see `Regularizer`.

    Example:
        >>> Imitation(feature_weight=0.5).feature_weight
        0.5

    Reference:
        Hinton et al., Distilling the Knowledge in a Neural Network, 2015 (arXiv:1503.02531); of GANs: Aguinaldo et al.,
        Compressing GANs using Knowledge Distillation, 2019 (arXiv:1902.00159).
    """

    phases = ("g",)

    def __init__(
        self, pixel_weight: float = 10.0, feature_weight: float = 1.0, interval: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(interval, **kwargs)
        self.pixel_weight = checks.check_number("pixel_weight", pixel_weight, next_step="Such as 10.")
        self.feature_weight = checks.check_number("feature_weight", feature_weight, next_step="Such as 1.")
        self._teacher = _Untracked(None)

    def set_teacher(self, generator: Callable[..., Any]) -> None:
        """Sets the network to imitate: `keras.Model` of the same inputs as the student; it is not changed."""
        self._teacher = _Untracked(generator)

    def losses(self, step: Any) -> dict[str, tf.Tensor]:
        teacher = self._teacher.network
        if teacher is None or step.phase != "g":
            return {}
        inputs = step.gan.network_inputs.for_generator(step.drawn)
        wanted = tf.stop_gradient(tf.cast(teacher(inputs, training=False), tf.float32))
        actual = tf.cast(step.fake, tf.float32)
        return {"g": self.distance(actual, wanted)}

    def distance(self, actual: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        """float32 `[batch]`, the weighted distance of images `[batch, H, W, C]` in [-1, 1] from others."""
        total = self.pixel_weight * _image_mean(tf.abs(actual - wanted))
        if self.feature_weight:
            pairs = list(zip(_features(actual), _features(wanted), strict=True))
            distances = [_image_mean(tf.square(first - second)) for first, second in pairs]
            total += self.feature_weight * tf.add_n(distances) / len(distances)
        return total

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(), "pixel_weight": self.pixel_weight, "feature_weight": self.feature_weight,
        }  # fmt: skip


def _features(images: tf.Tensor) -> list[tf.Tensor]:
    return efficientnet_lite.feature_maps(images if images.shape[-1] == 3 else tf.repeat(images, 3, axis=-1))


def _image_mean(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(values, axis=[1, 2, 3])


class _Untracked:
    """Hides the teacher from Keras, which would save it with the student."""

    def __init__(self, network: Any) -> None:
        self.network = network
