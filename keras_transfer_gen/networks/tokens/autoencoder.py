"""Encoder and decoder between images and a grid of vectors, one for each token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import layers, ops

from keras_transfer_gen import checks
from keras_transfer_gen.networks.conv_vae.conv_vae import DecoderBlock, EncoderBlock
from keras_transfer_gen.networks.layers import FusedBatchNormalization
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_transfer_gen.aliases import Shape


SLOPE = 0.2  # of the leaky ReLU
MOMENTUM = 0.95  # of the norms' statistics, as in the convolutional VAE
DOWNSAMPLING = (4, 8, 16)


@keras.saving.register_keras_serializable(PACKAGE)
class ResidualBlock(layers.Layer):
    """Two 3 x 3 convolutions beside the identity: x + conv(act(norm(conv(act(norm(x)))))).

    Example:
        >>> ResidualBlock()(keras.ops.ones((2, 8, 8, 16))).shape
        TensorShape([2, 8, 8, 16])

    Reference:
        He et al., Identity Mappings in Deep Residual Networks, 2016 (arXiv:1603.05027).
    """

    def build(self, input_shape: Shape) -> None:
        shared = {"dtype": self.dtype_policy}
        channels = input_shape[-1]
        self.norms = [FusedBatchNormalization(MOMENTUM, name=f"norm_{i}", **shared) for i in (1, 2)]
        self.convs = [layers.Conv2D(channels, 3, padding="same", name=f"conv_{i}", **shared) for i in (1, 2)]
        for layer in (*self.norms, *self.convs):
            layer.build(input_shape)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        x = inputs
        for norm, conv in zip(self.norms, self.convs, strict=True):
            x = conv(ops.leaky_relu(norm(x, training=training), SLOPE))
        return inputs + x

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)


def build_token_encoder(
    image_size: int = 64,
    channels: int = 3,
    downsampling: int = 8,
    code_dim: int = 32,
    max_channels: int = 256,
    min_channels: int = 32,
    residual_blocks: int = 1,
) -> keras.Model:
    """A functional model named "encoder" from images to a grid of vectors.

    Its blocks are one `EncoderBlock` a halving, `block_<side that comes in>`, then `residual_1`, ... on the grid and
    the 1 x 1 convolution `to_codes`.

    Args:
        image_size: side of the image: 32, 64, 128 or 256.
        channels: 1 or 3.
        downsampling: pixels along each side of a token: 4, 8 or 16.
        code_dim: length of a vector.
        max_channels: channels on the grid, halved towards the image.
        min_channels: channels of a map at least.
        residual_blocks: number of residual blocks on the grid.

    Returns:
        `keras.Model`, float32 `[batch, image_size, image_size, channels]` in [-1, 1] -> float32
        `[batch, h, h, code_dim]`, h = image_size / downsampling.

    Raises:
        UserError: for images or a downsampling that it can't be built for.

    Example:
        >>> build_token_encoder(32, downsampling=8).output_shape
        (None, 4, 4, 32)
    """
    halvings = _halvings(image_size, channels, downsampling)
    x = inputs = keras.Input((image_size, image_size, channels), name="images")
    for stage in range(halvings):
        filters = max(max_channels >> (halvings - 1 - stage), min_channels)
        x = EncoderBlock(filters, name=f"block_{image_size >> stage}")(x)
    for number in range(residual_blocks):
        x = ResidualBlock(name=f"residual_{number + 1}")(x)
    outputs = layers.Conv2D(code_dim, 1, name="to_codes", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="encoder")


def build_token_decoder(
    image_size: int = 64,
    channels: int = 3,
    downsampling: int = 8,
    code_dim: int = 32,
    max_channels: int = 256,
    min_channels: int = 32,
    residual_blocks: int = 1,
) -> keras.Model:
    """A functional model named "decoder" from a grid of vectors to images; TFLite's builtin operators are enough.

    Its blocks are the 3 x 3 convolution `from_codes`, `residual_1`, ... on the grid, one `DecoderBlock` a doubling,
    `block_<side that goes out>`, and `to_image`.

    Args:
        image_size: side of the image: 32, 64, 128 or 256.
        channels: 1 or 3.
        downsampling: pixels along each side of a token: 4, 8 or 16.
        code_dim: length of a vector.
        max_channels: channels on the grid, halved at each doubling.
        min_channels: channels of a map at least.
        residual_blocks: number of residual blocks on the grid.

    Returns:
        `keras.Model`, float32 `[batch, h, h, code_dim]`, h = image_size / downsampling -> float32
        `[batch, image_size, image_size, channels]` in [-1, 1].

    Raises:
        UserError: for images or a downsampling that it can't be built for.

    Example:
        >>> build_token_decoder(32, downsampling=8).output_shape
        (None, 32, 32, 3)
    """
    doublings = _halvings(image_size, channels, downsampling)
    side = image_size >> doublings
    inputs = keras.Input((side, side, code_dim), name="codes")
    x = layers.Conv2D(max_channels, 3, padding="same", name="from_codes")(inputs)
    for number in range(residual_blocks):
        x = ResidualBlock(name=f"residual_{number + 1}")(x)
    for stage in range(1, doublings + 1):
        x = DecoderBlock(max(max_channels >> stage, min_channels), name=f"block_{side << stage}")(x)
    outputs = layers.Conv2D(channels, 3, padding="same", activation="tanh", name="to_image", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="decoder")


def _halvings(image_size: int, channels: int, downsampling: int) -> int:
    """How often a side is halved between an image and its grid, int; a `UserError` where that can't be."""
    checks.check_image_shape(image_size, channels)
    checks.check_choice("downsampling", downsampling, DOWNSAMPLING, "Such as downsampling=8.")
    if image_size % downsampling or image_size // downsampling < 2:
        step = "Give images of 32 to 256 pixels."
        raise checks.user_error("image_size", f"a multiple of downsampling={downsampling}", image_size, step)
    return downsampling.bit_length() - 1
