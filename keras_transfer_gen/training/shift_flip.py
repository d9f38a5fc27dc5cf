"""`ShiftFlip`: small shifts and mirrored images, which stay images of the same kind."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import Augment
from keras_transfer_gen.version import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class ShiftFlip(Augment):
    """Whole-pixel shifts, into which the image's border is repeated, and mirror images, both drawn per image.

    Unlike DiffAugment it is no leaving of the training images' kind, so a model that is trained on its results may
    generate them: it is made for autoencoders and priors.

    Args:
        ratio: the longest shift as a share of the side, in [0, 0.5].
        flip: share of the images that are mirrored, in [0, 1]; 0 where left and right mean something, as in text.

    Example:
        >>> ShiftFlip()(tf.ones((2, 32, 32, 3)), tf.constant([0, 1])).shape
        TensorShape([2, 32, 32, 3])
    """

    def __init__(self, ratio: float = 0.0625, flip: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ratio = checks.check_number("ratio", ratio, most=0.5)
        self.flip = checks.check_number("flip", flip, most=1)

    def call(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """float32 `[batch, H, W, C]` -> the same shape; `seed` is an int32 `[2]` tensor and the only randomness."""
        batch = tf.shape(images)[0]
        seeds = tf.unstack(tf.random.split(seed, 3))
        mirrored = tf.random.stateless_uniform((batch, 1, 1, 1), seeds[2]) < self.flip
        images = tf.where(mirrored, images[:, :, ::-1], images)
        for axis in (1, 2):
            side = images.shape[axis]
            most = round(side * self.ratio)
            shifts = tf.random.stateless_uniform((batch, 1), seeds[axis - 1], -most, most + 1, tf.int32)
            rows = tf.clip_by_value(tf.range(side)[None, :] + shifts, 0, side - 1)
            images = tf.gather(images, rows, axis=axis, batch_dims=1)
        return images

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "ratio": self.ratio, "flip": self.flip}
