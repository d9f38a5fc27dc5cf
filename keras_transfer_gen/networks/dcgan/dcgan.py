"""DCGAN: a convolutional generator and discriminator for square images of 28 and 32 to 256 pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from keras_transfer_gen import checks
from keras_transfer_gen.networks.layers import FusedBatchNormalization, MinibatchDeviation
from keras_transfer_gen.networks.upsampling import convolve_enlarged
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_transfer_gen.aliases import Shape


SLOPE = 0.2  # of the leaky ReLU
# Larger maps are left alone: what an image shows is settled at small sizes, where modulation costs next to nothing.
MODULATED_SIDE = 16
REFINED_SIDE = 32


@keras.saving.register_keras_serializable(PACKAGE)
class Refinement(layers.Layer):
    """What a map lacks, added to it: a 3 x 3 convolution that begins at zero and a leaky ReLU.

    As it begins at zero, it can be put into trained networks, which go on from what they knew.

    Args:
        filters: channels of the map.

    Reference:
        Chen et al., Net2Net, 2016 (arXiv:1511.05641); Zhang et al., Fixup, 2019 (arXiv:1901.09321).
    """

    def __init__(self, filters: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.conv = layers.Conv2D(
            filters, 3, padding="same", kernel_initializer="zeros", name="conv", dtype=self.dtype_policy
        )

    def build(self, input_shape: Shape) -> None:
        self.conv.build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return inputs + ops.leaky_relu(self.conv(inputs), SLOPE)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters}


@keras.saving.register_keras_serializable(PACKAGE)
class UpBlock(layers.Layer):
    """Nearest upsampling by two, 3 x 3 convolution, batch normalisation, modulation by the latents, ReLU.

    Resizing before an ordinary convolution spreads each input pixel evenly, where a strided transposed convolution
    leaves a checkerboard. Where the block is modulated, the latents also scale and shift each normalised channel.

    Args:
        filters: channels of the output.
        modulated: whether the latents modulate the channels.
        refined: whether `Refinement` follows.

    Call arguments:
        inputs: [features `[batch, H, W, in]`, latents `[batch, latent_dim]`].

    Reference:
        Radford et al., DCGAN, 2016 (arXiv:1511.06434); Odena et al., 2016 (doi:10.23915/distill.00003);
        Chen et al., On Self Modulation for GANs, 2019 (arXiv:1810.01365).
    """

    def __init__(self, filters: int, modulated: bool = True, refined: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.modulated = modulated
        self.refined = refined
        self.conv = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="conv", dtype=self.dtype_policy)
        self.norm = FusedBatchNormalization(name="norm", dtype=self.dtype_policy)
        if modulated:
            self.modulation = layers.Dense(2 * filters, name="modulation", dtype=self.dtype_policy)
        if refined:
            self.refine = Refinement(filters, name="refine", dtype=self.dtype_policy)

    def build(self, input_shape: Any) -> None:
        (batch, height, width, channels), latents_shape = input_shape
        self.conv.build((batch, 2 * height, 2 * width, channels))
        self.norm.build((batch, 2 * height, 2 * width, self.filters))
        if self.modulated:
            self.modulation.build(latents_shape)
        if self.refined:
            self.refine.build((batch, 2 * height, 2 * width, self.filters))

    def call(self, inputs: list[tf.Tensor], training: bool | None = None) -> tf.Tensor:
        features, latents = inputs
        x = self.norm(convolve_enlarged(self.conv, features, training), training=training)
        if self.modulated:
            scale, shift = ops.split(self.modulation(latents)[:, None, None, :], 2, axis=-1)
            x = x * (1.0 + scale) + shift
        x = ops.relu(x)
        return self.refine(x) if self.refined else x

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        (batch, height, width, _), _ = input_shape
        return (batch, 2 * height, 2 * width, self.filters)

    def get_config(self) -> dict[str, Any]:
        own = {"filters": self.filters, "modulated": self.modulated, "refined": self.refined}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(PACKAGE)
class StartBlock(layers.Layer):
    """From a latent vector to the first feature map: dense, batch normalisation, ReLU.

    Args:
        size: side of the map.
        filters: channels of the map.
    """

    def __init__(self, size: int, filters: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size
        self.filters = filters
        self.dense = layers.Dense(size * size * filters, use_bias=False, name="dense", dtype=self.dtype_policy)
        self.norm = FusedBatchNormalization(name="norm", dtype=self.dtype_policy)

    def build(self, input_shape: Shape) -> None:
        self.dense.build(input_shape)
        self.norm.build(self.compute_output_shape(input_shape))

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        map_ = ops.reshape(self.dense(inputs), (-1, self.size, self.size, self.filters))
        return ops.relu(self.norm(map_, training=training))

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return (input_shape[0], self.size, self.size, self.filters)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "filters": self.filters}


@keras.saving.register_keras_serializable(PACKAGE)
class DownBlock(layers.Layer):
    """4 x 4 convolution with stride 2 and a leaky ReLU; no norm, so that each image is judged alone.

    Args:
        filters: channels of the output.
        refined: whether `Refinement` follows.
    """

    def __init__(self, filters: int, refined: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.refined = refined
        self.conv = layers.Conv2D(filters, 4, 2, padding="same", name="conv", dtype=self.dtype_policy)
        if refined:
            self.refine = Refinement(filters, name="refine", dtype=self.dtype_policy)

    def build(self, input_shape: Shape) -> None:
        self.conv.build(input_shape)
        if self.refined:
            self.refine.build(self.conv.compute_output_shape(input_shape))

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        x = ops.leaky_relu(self.conv(inputs), SLOPE)
        return self.refine(x) if self.refined else x

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return self.conv.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "refined": self.refined}


def resolutions(image_size: int) -> list[int]:
    """Sides of the feature maps from the smallest to the image, each twice the last: 4 (or 7) up to `image_size`."""
    checks.check_image_shape(image_size, 3)
    sides = [image_size]
    while sides[0] % 2 == 0 and sides[0] > 4:
        sides.insert(0, sides[0] // 2)
    return sides


def build_dcgan_generator(
    image_size: int = 64,
    channels: int = 3,
    latent_dim: int = 128,
    max_channels: int = 256,
    min_channels: int = 32,
    refined: bool = False,
) -> keras.Model:
    """A functional model named "generator" from latents to images.

    Its blocks are `block_4` (dense) and one `UpBlock` a doubling, `block_8` ... `block_<image_size>`; then `to_image`.

    Args:
        image_size: side of the image: 28, 32, 64, 128 or 256.
        channels: 1 or 3.
        latent_dim: length of a latent vector.
        max_channels: channels of the smallest map, halved at each doubling.
        min_channels: channels of a map at least.
        refined: whether maps of 8 x 8 to 32 x 32 have a `Refinement`.

    Returns:
        `keras.Model`, float32 `[batch, latent_dim]` -> float32 `[batch, image_size, image_size, channels]` in [-1, 1].

    Example:
        >>> build_dcgan_generator(32).output_shape
        (None, 32, 32, 3)
    """
    checks.check_image_shape(image_size, channels)
    sides = resolutions(image_size)
    inputs = keras.Input((latent_dim,), name="latents")
    x = StartBlock(sides[0], max_channels, name=f"block_{sides[0]}")(inputs)
    for stage, side in enumerate(sides[1:], start=1):
        filters = max(max_channels >> stage, min_channels)
        kind = {"modulated": side <= MODULATED_SIDE, "refined": refined and side <= REFINED_SIDE}
        x = UpBlock(filters, **kind, name=f"block_{side}")([x, inputs])
    # The last layer computes in float32 whatever the policy: bfloat16 has too few levels between black and white.
    outputs = layers.Conv2D(channels, 3, padding="same", activation="tanh", name="to_image", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="generator")


def build_dcgan_discriminator(
    image_size: int = 64,
    channels: int = 3,
    max_channels: int = 256,
    min_channels: int = 32,
    group_size: int = 0,
    refined: bool = False,
) -> keras.Model:
    """A functional model named "discriminator" from images to logits.

    Its blocks are one `DownBlock` a halving, `block_<image_size>` ... `block_8`, named after the size that comes in;
    then `block_4` at the smallest size and a dense `logits`.

    Args:
        image_size: side of the image: 28, 32, 64, 128 or 256.
        channels: 1 or 3.
        max_channels: channels of the smallest map, halved towards the image.
        min_channels: channels of a map at least.
        group_size: images compared by `MinibatchDeviation`; 0 leaves it out.
        refined: whether maps of 8 x 8 to 32 x 32 have a `Refinement`.

    Returns:
        `keras.Model`, float32 `[batch, image_size, image_size, channels]` -> float32 logits `[batch, 1]`.

    Example:
        >>> build_dcgan_discriminator(32).output_shape
        (None, 1)
    """
    checks.check_image_shape(image_size, channels)
    sides = resolutions(image_size)[::-1]
    x = inputs = keras.Input((image_size, image_size, channels), name="images")
    for stage, side in enumerate(sides[:-1], start=1):
        filters = max(max_channels >> (len(sides) - 1 - stage), min_channels)
        x = DownBlock(filters, refined=refined and 8 <= side // 2 <= REFINED_SIDE, name=f"block_{side}")(x)
    if group_size:
        x = MinibatchDeviation(group_size, name="deviation")(x)
    x = layers.Conv2D(max_channels, 3, padding="same", name=f"block_{sides[-1]}")(x)
    x = layers.LeakyReLU(SLOPE, name="activation")(x)
    x = layers.Flatten(name="flatten")(x)
    outputs = layers.Dense(1, name="logits", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="discriminator")


def build_dcgan(
    image_size: int = 64,
    channels: int = 3,
    latent_dim: int = 128,
    max_channels: int = 256,
    min_channels: int = 32,
    group_size: int = 0,
    refined: bool = False,
) -> tuple[keras.Model, keras.Model]:
    """Both networks with the same widths: (generator, discriminator); see the two builders."""
    shared: dict[str, Any] = {"max_channels": max_channels, "min_channels": min_channels, "refined": refined}
    return (
        build_dcgan_generator(image_size, channels, latent_dim, **shared),
        build_dcgan_discriminator(image_size, channels, group_size=group_size, **shared),
    )


def build_refined_dcgan(
    image_size: int = 64, channels: int = 3, latent_dim: int = 128, max_channels: int = 256, min_channels: int = 32
) -> tuple[keras.Model, keras.Model]:
    """Both networks with a `Refinement` of each map from 8 x 8 to 32 x 32: half as dear again, and more capable."""
    return build_dcgan(image_size, channels, latent_dim, max_channels, min_channels, refined=True)
