"""How far generated images are from a target: what a projection minimises."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from keras_transfer_gen import checks, efficientnet_lite

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


LEAST_SIDE = 96  # pixels: smaller images are enlarged before the trained network sees them
LEVELS, PIXEL_WEIGHT = 3, 0.1
DISTANCES = ("features", "pixels")


def image_distance(distance: PathLike | keras.Model, target: tf.Tensor) -> tuple[Callable[[tf.Tensor], tf.Tensor], str]:
    """The function that a projection minimises, and its name.

    Args:
        distance: "features" (maps of EfficientNet-Lite1 at four depths, and a pyramid of pixels), "pixels" (the
            pyramid alone), or a network of your own: a `keras.Model`, or the path of its `.keras` file, RGB
            `[batch, H, W, 3]` in 0..255 -> a tensor or a list of tensors.
        target: float32 `[1, H, W, C]` in [-1, 1].

    Returns:
        (function float32 `[N, H, W, C]` -> float32 `[N]`, name).

    Raises:
        UserError: for an unknown name.

    Reference:
        Zhang et al., The Unreasonable Effectiveness of Deep Features, 2018 (arXiv:1801.03924), for the aim: no learnt
        weights are used, so it is not LPIPS.
    """
    if isinstance(distance, (str, os.PathLike)) and str(distance).endswith(".keras"):
        distance = keras.models.load_model(distance)
    if not isinstance(distance, keras.Model):
        checks.check_choice("distance", distance, DISTANCES, "Or the path of a .keras file of a feature network.")
    if distance == "pixels":
        return (lambda images: pyramid_distance(images, target)), "pixels"

    def maps_of(images: tf.Tensor) -> list[tf.Tensor]:
        rgb = tf.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images[..., :3]
        if isinstance(distance, keras.Model):
            return tf.nest.flatten(distance((rgb + 1.0) * 127.5, training=False))
        if rgb.shape[1] < LEAST_SIDE:
            rgb = tf.image.resize(rgb, (LEAST_SIDE, LEAST_SIDE))
        return efficientnet_lite.feature_maps(rgb)

    aims = [tf.stop_gradient(part) for part in maps_of(target)]

    def measure(images: tf.Tensor) -> tf.Tensor:
        parts = [feature_distance(part, aim) for part, aim in zip(maps_of(images), aims, strict=True)]
        return tf.add_n(parts) + PIXEL_WEIGHT * pyramid_distance(images, target)

    name = distance.name if isinstance(distance, keras.Model) else "EfficientNet-Lite1 features"
    return measure, f"{name} and pixels"


def feature_distance(maps: tf.Tensor, aim: tf.Tensor) -> tf.Tensor:
    """Squared difference of maps whose vector at each place has length 1, mean over places: float32 `[N]`."""
    gap = tf.math.l2_normalize(maps, -1, 1e-10) - tf.math.l2_normalize(aim, -1, 1e-10)
    squares = tf.reduce_sum(gap**2, axis=-1)
    return tf.reduce_mean(tf.reshape(squares, (tf.shape(squares)[0], -1)), axis=1)


def pyramid_distance(images: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Absolute difference of the pixels, and of those of images of half and a quarter the side: float32 `[N]`."""
    total = 0.0
    for level in range(LEVELS):
        if level:
            images, target = (tf.nn.avg_pool2d(part, 2, 2, "SAME") for part in (images, target))
        total += tf.reduce_mean(tf.abs(images - target), axis=(1, 2, 3))
    return total / LEVELS
