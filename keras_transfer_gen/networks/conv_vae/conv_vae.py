"""A convolutional VAE for square images of 28 and 32 to 256 pixels: strides down, resizing up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from keras_transfer_gen import checks
from keras_transfer_gen.networks.layers import ChannelScale, FusedBatchNormalization
from keras_transfer_gen.networks.upsampling import convolve_enlarged
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_transfer_gen.aliases import Shape


SLOPE = 0.2  # of the leaky ReLU
# Statistics of the norms follow within some twenty steps: a fine-tune on few images is short.
MOMENTUM = 0.95


@keras.saving.register_keras_serializable(PACKAGE)
class EncoderBlock(layers.Layer):
    """4 x 4 convolution with stride 2, batch normalisation, leaky ReLU.

    Args:
        filters: channels of the output.
        normalized: batch normalisation, or a scale and a shift for each channel alone.
    """

    def __init__(self, filters: int, normalized: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.normalized = normalized
        self.conv = layers.Conv2D(filters, 4, 2, padding="same", use_bias=False, name="conv", dtype=self.dtype_policy)
        self.norm = _norm(normalized, self.dtype_policy)

    def build(self, input_shape: Shape) -> None:
        self.conv.build(input_shape)
        self.norm.build(self.compute_output_shape(input_shape))

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        return ops.leaky_relu(self.norm(self.conv(inputs), training=training), SLOPE)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return self.conv.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "normalized": self.normalized}


@keras.saving.register_keras_serializable(PACKAGE)
class FirstDecoderBlock(layers.Layer):
    """From a latent vector to the first feature map: dense, batch normalisation, leaky ReLU.

    Args:
        size: side of the map.
        filters: channels of the map.
        normalized: batch normalisation, or a scale and a shift for each channel alone.
    """

    def __init__(self, size: int, filters: int, normalized: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size
        self.filters = filters
        self.normalized = normalized
        self.dense = layers.Dense(size * size * filters, use_bias=False, name="dense", dtype=self.dtype_policy)
        self.norm = _norm(normalized, self.dtype_policy)

    def build(self, input_shape: Shape) -> None:
        self.dense.build(input_shape)
        self.norm.build(self.compute_output_shape(input_shape))

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        map_ = ops.reshape(self.dense(inputs), (-1, self.size, self.size, self.filters))
        return ops.leaky_relu(self.norm(map_, training=training), SLOPE)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return (input_shape[0], self.size, self.size, self.filters)

    def get_config(self) -> dict[str, Any]:
        own = {"size": self.size, "filters": self.filters, "normalized": self.normalized}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(PACKAGE)
class DecoderBlock(layers.Layer):
    """Nearest upsampling by two, 3 x 3 convolution, batch normalisation, leaky ReLU.

    Args:
        filters: channels of the output.
        normalized: batch normalisation, or a scale and a shift for each channel alone.

    Reference:
        Odena et al., Deconvolution and Checkerboard Artifacts, 2016 (doi:10.23915/distill.00003).
    """

    def __init__(self, filters: int, normalized: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.normalized = normalized
        self.conv = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="conv", dtype=self.dtype_policy)
        self.norm = _norm(normalized, self.dtype_policy)

    def build(self, input_shape: Shape) -> None:
        batch, height, width, channels = input_shape
        self.conv.build((batch, 2 * height, 2 * width, channels))
        self.norm.build((batch, 2 * height, 2 * width, self.filters))

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        x = convolve_enlarged(self.conv, inputs, training)
        return ops.leaky_relu(self.norm(x, training=training), SLOPE)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        batch, height, width, _ = input_shape
        return (batch, 2 * height, 2 * width, self.filters)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "normalized": self.normalized}


def _norm(normalized: bool, policy: keras.DTypePolicy) -> ChannelScale | FusedBatchNormalization:
    if normalized:
        return FusedBatchNormalization(MOMENTUM, name="norm", dtype=policy)
    return ChannelScale(name="norm", dtype=policy)


def sides_of(image_size: int) -> list[int]:
    """Sides of the feature maps from the smallest to the image, each twice the last: 4 (or 7) up to `image_size`."""
    sides = [image_size]
    while sides[0] % 2 == 0 and sides[0] > 4:
        sides.insert(0, sides[0] // 2)
    return sides


def build_conv_vae_encoder(
    image_size: int = 64,
    channels: int = 3,
    latent_dim: int = 64,
    max_channels: int = 256,
    min_channels: int = 32,
    normalized: bool = True,
) -> keras.Model:
    """A functional model named "encoder" from images to the posterior of their latents.

    Its blocks are one `EncoderBlock` a halving, `block_<image_size>` ... `block_8`, named after the side that comes in;
    then the dense layers `z_mean` and `z_log_var`.

    Args:
        image_size: side of the image: 28, 32, 64, 128 or 256.
        channels: 1 or 3.
        latent_dim: length of a latent vector.
        max_channels: channels of the smallest map, halved towards the image.
        min_channels: channels of a map at least.
        normalized: batch normalisation, or a scale and a shift for each channel alone.

    Returns:
        `keras.Model`, float32 `[batch, image_size, image_size, channels]` in [-1, 1] -> [mean, log variance], each
        float32 `[batch, latent_dim]`.

    Example:
        >>> build_conv_vae_encoder(32).output_shape
        [(None, 64), (None, 64)]
    """
    checks.check_image_shape(image_size, channels)
    sides = sides_of(image_size)[::-1]
    x = inputs = keras.Input((image_size, image_size, channels), name="images")
    for stage, side in enumerate(sides[:-1], start=1):
        x = EncoderBlock(max(max_channels >> (len(sides) - 1 - stage), min_channels), normalized, name=f"block_{side}")(
            x
        )
    x = layers.Flatten(name="flatten")(x)
    # float32 whatever the policy: the divergence needs the digits. Small at first, so that the posterior begins near
    # N(0, 1) and no exponential is large.
    mean, log_var = (
        layers.Dense(
            latent_dim, name=name, dtype="float32", kernel_initializer=keras.initializers.VarianceScaling(scale)
        )(x)
        for name, scale in (("z_mean", 1.0), ("z_log_var", 0.01))
    )
    return keras.Model(inputs, [mean, log_var], name="encoder")


def build_conv_vae_decoder(
    image_size: int = 64,
    channels: int = 3,
    latent_dim: int = 64,
    max_channels: int = 256,
    min_channels: int = 32,
    normalized: bool = True,
) -> keras.Model:
    """A functional model named "decoder" from latents to images; TFLite's builtin operators are enough for it.

    Its blocks are `block_4` (dense) and one `DecoderBlock` a doubling, `block_8` ... `block_<image_size>`; then
    `to_image`.

    Args:
        image_size: side of the image: 28, 32, 64, 128 or 256.
        channels: 1 or 3.
        latent_dim: length of a latent vector.
        max_channels: channels of the smallest map, halved at each doubling.
        min_channels: channels of a map at least.
        normalized: batch normalisation, or a scale and a shift for each channel alone.

    Returns:
        `keras.Model`, float32 `[batch, latent_dim]` -> float32 `[batch, image_size, image_size, channels]` in [-1, 1].

    Example:
        >>> build_conv_vae_decoder(28, channels=1).output_shape
        (None, 28, 28, 1)
    """
    checks.check_image_shape(image_size, channels)
    sides = sides_of(image_size)
    inputs = keras.Input((latent_dim,), name="latents")
    x = FirstDecoderBlock(sides[0], max_channels, normalized, name=f"block_{sides[0]}")(inputs)
    for stage, side in enumerate(sides[1:], start=1):
        x = DecoderBlock(max(max_channels >> stage, min_channels), normalized, name=f"block_{side}")(x)
    outputs = layers.Conv2D(channels, 3, padding="same", activation="tanh", name="to_image", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="decoder")


def build_conv_vae(
    image_size: int = 64,
    channels: int = 3,
    latent_dim: int = 64,
    max_channels: int = 256,
    min_channels: int = 32,
    normalized: bool = True,
) -> tuple[keras.Model, keras.Model]:
    """Both networks with the same widths: (encoder, decoder); see the two builders."""
    shared: dict[str, Any] = {"max_channels": max_channels, "min_channels": min_channels, "normalized": normalized}
    return (
        build_conv_vae_encoder(image_size, channels, latent_dim, **shared),
        build_conv_vae_decoder(image_size, channels, latent_dim, **shared),
    )


def build_plain_conv_vae(
    image_size: int = 64, channels: int = 3, latent_dim: int = 64, max_channels: int = 256, min_channels: int = 32
) -> tuple[keras.Model, keras.Model]:
    """`build_conv_vae` without normalisation: better for small grey images; with it, larger ones begin faster."""
    return build_conv_vae(image_size, channels, latent_dim, max_channels, min_channels, normalized=False)
