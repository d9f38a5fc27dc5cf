"""A DCGAN that is told what to draw: classes modulate the generator; the discriminator projects features on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from keras_transfer_gen import checks
from keras_transfer_gen.networks.attention import MapAttention
from keras_transfer_gen.networks.dcgan.dcgan import (
    MODULATED_SIDE,
    REFINED_SIDE,
    SLOPE,
    DownBlock,
    StartBlock,
    UpBlock,
    resolutions,
)
from keras_transfer_gen.networks.layers import MinibatchDeviation
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import tensorflow as tf


ATTENTION_SIDE = 16  # of the map whose places look at each other
# Rows of classes begin much shorter than latents. If both were as long, the classes alone could give each channel the
# variance that batch normalisation sees to, and the images of a class would become alike.
ROWS = keras.initializers.RandomNormal(stddev=0.3)
FIT_SCALE = 8.0  # of a new discriminator: with 1, classes count for little during the first 50 kimg


@keras.saving.register_keras_serializable(PACKAGE)
class ProjectionLogit(layers.Layer):
    """A logit of an image alone, plus how well it fits its class: the product of its features and the class's row.

    The rows begin at zero: a discriminator judges images alone until it has learnt of classes.

    Args:
        num_classes: number of classes.
        scale: factor on that product; the higher, the sooner it counts.

    Call arguments:
        inputs: [features `[batch, H, W, C]`, labels int `[batch]`].

    Returns:
        float32 `[batch, 1]`.

    Reference:
        Miyato and Koyama, cGANs with Projection Discriminator, 2018 (arXiv:1802.05637).
    """

    def __init__(self, num_classes: int, scale: float = 1.0, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.scale = scale
        self.dense = layers.Dense(1, name="dense", dtype=self.dtype_policy)

    def build(self, input_shape: Any) -> None:
        (batch, height, width, channels), _ = input_shape
        self.dense.build((batch, height * width * channels))
        self.classes = self.add_weight(shape=(self.num_classes, channels), name="classes", initializer="zeros")

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        features, labels = inputs
        features = ops.cast(features, "float32")
        fit = ops.sum(ops.mean(features, axis=(1, 2)) * ops.take(self.classes, labels, axis=0), axis=-1, keepdims=True)
        return self.dense(layers.Flatten(dtype="float32")(features)) + self.scale * fit

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (input_shape[0][0], 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_classes": self.num_classes, "scale": self.scale}


def build_conditional_generator(
    image_size: int = 64,
    channels: int = 3,
    latent_dim: int = 128,
    num_classes: int = 10,
    max_channels: int = 256,
    min_channels: int = 32,
    class_dim: int = 64,
    attention: bool = False,
    refined: bool = False,
) -> keras.Model:
    """A functional model named "generator" from latents and labels to images.

    It is the generator of `dcgan` but for a row of `classes` for each class, which is joined to the latents: both
    together are the style that makes the first map and modulates blocks of up to 16 x 16 pixels.

    Args:
        image_size: side of the image: 28, 32, 64, 128 or 256.
        channels: 1 or 3.
        latent_dim: length of a latent vector.
        num_classes: number of classes.
        max_channels: channels of the smallest map, halved at each doubling.
        min_channels: channels of a map at least.
        class_dim: length of a class's row.
        attention: whether the map of 16 x 16 pixels has a `MapAttention`.
        refined: whether maps of 8 x 8 to 32 x 32 pixels have a `Refinement`.

    Returns:
        `keras.Model`, {"latents": float32 `[batch, latent_dim]`, "labels": int32 `[batch]`} -> float32
        `[batch, image_size, image_size, channels]` in [-1, 1].

    Example:
        >>> build_conditional_generator(32, num_classes=5).output_shape
        (None, 32, 32, 3)
    """
    _check(image_size, channels, num_classes)
    latents = keras.Input((latent_dim,), name="latents")
    labels = keras.Input((), dtype="int32", name="labels")
    row = layers.Embedding(num_classes, class_dim, embeddings_initializer=ROWS, name="classes")(labels)
    style = layers.Concatenate(name="style")([latents, row])
    first, *rest = resolutions(image_size)
    x = StartBlock(first, max_channels, name=f"block_{first}")(style)
    for stage, side in enumerate(rest, start=1):
        filters = max(max_channels >> stage, min_channels)
        kind = {"modulated": side <= MODULATED_SIDE, "refined": refined and side <= REFINED_SIDE}
        x = UpBlock(filters, **kind, name=f"block_{side}")([x, style])
        if attention and side == ATTENTION_SIDE:
            x = MapAttention(name=f"attention_{side}")(x)
    images = layers.Conv2D(channels, 3, padding="same", activation="tanh", name="to_image", dtype="float32")(x)
    return keras.Model({"latents": latents, "labels": labels}, images, name="generator")


def build_conditional_discriminator(
    image_size: int = 64,
    channels: int = 3,
    num_classes: int = 10,
    max_channels: int = 256,
    min_channels: int = 32,
    group_size: int = 0,
    attention: bool = False,
    refined: bool = False,
) -> keras.Model:
    """A functional model named "discriminator" from images and labels to logits.

    Args:
        image_size: side of the image: 28, 32, 64, 128 or 256.
        channels: 1 or 3.
        num_classes: number of classes.
        max_channels: channels of the smallest map.
        min_channels: channels of a map at least.
        group_size: images that are compared with each other; 0 compares none.
        attention: whether the map of 16 x 16 pixels has a `MapAttention`.
        refined: whether maps of 8 x 8 to 32 x 32 pixels have a `Refinement`.

    Returns:
        `keras.Model`, {"images": float32 `[batch, image_size, image_size, channels]`, "labels": int32 `[batch]`} ->
        float32 `[batch, 1]`.

    Example:
        >>> build_conditional_discriminator(32, num_classes=5).output_shape
        (None, 1)
    """
    _check(image_size, channels, num_classes)
    sides = resolutions(image_size)[::-1]
    x = images = keras.Input((image_size, image_size, channels), name="images")
    labels = keras.Input((), dtype="int32", name="labels")
    for stage, side in enumerate(sides[:-1], start=1):
        filters = max(max_channels >> (len(sides) - 1 - stage), min_channels)
        if attention and side == ATTENTION_SIDE:
            x = MapAttention(name=f"attention_{side}")(x)
        x = DownBlock(filters, refined=refined and 8 <= side // 2 <= REFINED_SIDE, name=f"block_{side}")(x)
    if group_size:
        x = MinibatchDeviation(group_size, name="deviation")(x)
    x = layers.Conv2D(max_channels, 3, padding="same", name=f"block_{sides[-1]}")(x)
    x = layers.LeakyReLU(SLOPE, name="activation")(x)
    logits = ProjectionLogit(num_classes, FIT_SCALE, name="logits")([x, labels])
    return keras.Model({"images": images, "labels": labels}, logits, name="discriminator")


def _check(image_size: int, channels: int, num_classes: int) -> None:
    checks.check_image_shape(image_size, channels)
    hint = "Give labels with the images: labels= (--labels folders)."
    checks.check_integer("num_classes", num_classes, least=1, next_step=hint)
