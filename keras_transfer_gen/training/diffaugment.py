"""DiffAugment: differentiable colour, translation and cutout for the discriminator's eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import Augment
from keras_transfer_gen.replicas import count_replicas, own_rows
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import numpy as np


POLICIES = ("color", "translation", "cutout")


def color(images: np.ndarray | tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
    """Brightness, then saturation, then contrast, each drawn per image.

    Args:
        images: float32 `[batch, H, W, C]` in [-1, 1].
        seed: int32 `[2]`.

    Returns:
        float32 `[batch, H, W, C]`; may leave [-1, 1].
    """
    shape = (tf.shape(images)[0] * count_replicas(), 1, 1, 1)
    seeds = tf.random.split(seed, 3)
    images = images + own_rows(tf.random.stateless_uniform(shape, seeds[0], -0.5, 0.5))
    grey = tf.reduce_mean(images, axis=3, keepdims=True)
    images = (images - grey) * own_rows(tf.random.stateless_uniform(shape, seeds[1], 0.0, 2.0)) + grey
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    return (images - mean) * own_rows(tf.random.stateless_uniform(shape, seeds[2], 0.5, 1.5)) + mean


def translation(images: np.ndarray | tf.Tensor, seed: int | tf.Tensor, ratio: float = 0.125) -> tf.Tensor:
    """Whole-pixel shifts in both directions, drawn per image; what comes in is 0 (mid-grey).

    Args:
        images: float32 `[batch, H, W, C]`.
        seed: int32 `[2]`.
        ratio: the longest shift as a share of the side.

    Returns:
        float32 `[batch, H, W, C]`.
    """
    batch, (height, width) = tf.shape(images)[0] * count_replicas(), images.shape[1:3]
    for axis, (side, part) in enumerate(zip((height, width), tf.unstack(tf.random.split(seed, 2)), strict=True), 1):
        most = int(side * ratio + 0.5)
        shifts = own_rows(tf.random.stateless_uniform((batch, 1), part, -most, most + 1, tf.int32))
        # One row of zeros at each end; an index outside the image is clipped to it.
        places = tf.clip_by_value(tf.range(side)[None, :] + shifts + 1, 0, side + 1)
        margin = [[0, 0]] * axis + [[1, 1]] + [[0, 0]] * (3 - axis)
        images = tf.gather(tf.pad(images, margin), places, axis=axis, batch_dims=1)
    return images


def cutout(images: np.ndarray | tf.Tensor, seed: int | tf.Tensor, ratio: float = 0.5) -> tf.Tensor:
    """One square of zeros (mid-grey), drawn per image; its centre may lie anywhere, so it may be cut by the border.

    Args:
        images: float32 `[batch, H, W, C]`.
        seed: int32 `[2]`.
        ratio: the square's side as a share of the image's.

    Returns:
        float32 `[batch, H, W, C]`.
    """
    batch, masks = tf.shape(images)[0] * count_replicas(), []
    for side, part in zip(images.shape[1:3], tf.unstack(tf.random.split(seed, 2)), strict=True):
        hole = int(side * ratio + 0.5)
        centres = own_rows(tf.random.stateless_uniform((batch, 1), part, 0, side + (1 - hole % 2), tf.int32))
        offsets = tf.range(side)[None, :] - (centres - hole // 2)
        masks.append((offsets >= 0) & (offsets < hole))
    covered = masks[0][:, :, None, None] & masks[1][:, None, :, None]
    return tf.where(covered, tf.zeros_like(images), images)


_FUNCTIONS = {"color": color, "translation": translation, "cutout": cutout}


@keras.saving.register_keras_serializable(PACKAGE)
class DiffAugment(Augment):
    """The same kinds of change on every real and made image that the discriminator sees, gradients passing through.

    Args:
        policy: comma-separated parts, in order, of "color", "translation" and "cutout".

    Example:
        >>> images = tf.zeros((2, 32, 32, 3))
        >>> DiffAugment("translation")(images, seed=tf.constant([0, 1])).shape
        TensorShape([2, 32, 32, 3])

    Reference:
        Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, 2020 (arXiv:2006.10738).
    """

    shared_seed = True

    def __init__(self, policy: str = "color,translation", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.policy = policy
        self.parts = [checks.check_choice("policy", part.strip(), POLICIES) for part in policy.split(",")]

    def call(self, images: tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
        for part, part_seed in zip(self.parts, tf.unstack(tf.random.split(seed, len(self.parts))), strict=True):
            images = _FUNCTIONS[part](images, part_seed)
        return images

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "policy": self.policy}
