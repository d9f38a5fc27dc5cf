"""Convolutions whose input channels are scaled by a style, for each image by its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
from keras import ops

from keras_transfer_gen.layer_seeds import layer_seed
from keras_transfer_gen.networks.stylegan2.layers import EqualizedDense, StyleGANLayer, activate, activation_gain
from keras_transfer_gen.networks.stylegan2.resampling import low_pass
from keras_transfer_gen.replicas import count_replicas, own_rows
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras_transfer_gen.aliases import Shape


def modulate(
    inputs: tf.Tensor,
    styles: tf.Tensor,
    kernel: tf.Tensor | tf.Variable,
    convolve: Callable[..., Any],
    demodulate: bool = True,
    gain: float = 1.0,
) -> tf.Tensor:
    """A convolution of scaled channels, and every output channel divided by the scale that this gives it.

    It equals a convolution with a kernel of its own for each image; but the kernel is the same for the whole batch, so
    that no grouped convolution is needed.

    Args:
        inputs: `[batch, H, W, in]`, in the type to compute in.
        styles: float32 `[batch, in]`, factors of the input channels.
        kernel: float32 `[k, k, in, out]`.
        convolve: function (inputs, kernel in their type) -> `[batch, H', W', out]`.
        demodulate: False leaves the division out, and the gain.
        gain: factor on the result.

    Returns:
        `[batch, H', W', out]`.

    Reference:
        Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020 (arXiv:1912.04958), section 2.2.
    """
    if demodulate and inputs.dtype == "float16":  # its range is small; the division below takes both factors out again
        most = ops.max(ops.abs(kernel), axis=(0, 1, 2), keepdims=True)
        kernel = kernel / (most * math.sqrt(math.prod(kernel.shape[:3])))
        styles = styles / ops.max(ops.abs(styles), axis=1, keepdims=True)
    x = inputs * ops.cast(styles, inputs.dtype)[:, None, None]
    x = convolve(x, ops.cast(kernel, inputs.dtype))
    if not demodulate:
        return x
    squares = ops.matmul(ops.square(styles), ops.sum(ops.square(kernel), axis=(0, 1)))  # [batch, out]
    return x * ops.cast(ops.rsqrt(squares + 1e-8) * gain, x.dtype)[:, None, None]


def _convolve(inputs: tf.Tensor, kernel: tf.Tensor | tf.Variable) -> tf.Tensor:
    return ops.conv(inputs, kernel, padding="same")


def _convolve_up(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Twice as large: a transposed convolution without padding, then the low-pass filter."""
    x = ops.conv_transpose(inputs, ops.transpose(kernel, (0, 1, 3, 2)), 2, padding="valid")
    return low_pass(x, (1, 1), gain=4.0)


@keras.saving.register_keras_serializable(PACKAGE)
class StyledConv2D(StyleGANLayer):
    """A 3 x 3 convolution modulated by a style, noise, a bias and a leaky ReLU.

    Args:
        filters: channels of the output.
        side: of the output, in pixels.
        up: whether the output is twice as large as the input.
        noise: "const" adds the stored map `noise_const` in use, "random" a map that is drawn,
            "none" nothing. In training maps are random, but for "none".
        clamp: largest absolute value of the result over the gain, or 0.
        gain: factor on the result.

    Call arguments:
        inputs: [features `[batch, H, W, in]`, style float32 `[batch, w_dim]`].

    Returns:
        `[batch, side, side, filters]`.
    """

    def __init__(
        self,
        filters: int,
        side: int,
        up: bool = False,
        noise: str = "const",
        clamp: float = 0.0,
        gain: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.side = side
        self.up = up
        self.noise = noise
        self.clamp = clamp
        self.gain = gain

    def build(self, input_shape: Any) -> None:
        (*_, channels), style_shape = input_shape
        self.affine = EqualizedDense(channels, bias_value=1.0, name="affine", dtype=self.dtype_policy)
        self.affine.build(style_shape)
        shape = (3, 3, self.filters, channels) if self.up else (3, 3, channels, self.filters)
        drawn = keras.initializers.RandomNormal(stddev=1.0)
        self.kernel = self.add_weight(shape=shape, name="kernel", initializer=drawn, autocast=False)
        self.bias = self.add_weight(shape=(self.filters,), name="bias", initializer="zeros", autocast=False)
        if self.noise != "none":
            self.noise_strength = self.add_weight(shape=(), name="noise_strength", initializer="zeros", autocast=False)
            self.noise_const = self.add_weight(
                shape=(self.side, self.side), name="noise_const", trainable=False, autocast=False,
                initializer=keras.initializers.RandomNormal(stddev=1.0),
            )  # fmt: skip

    def call(self, inputs: list[tf.Tensor], training: bool | None = None) -> tf.Tensor:
        features, style = inputs
        styles = self.affine(style)
        x = ops.cast(features, self.numbers)
        factor = activation_gain(True, self.gain)
        if self.up:
            x = modulate(x, styles, ops.transpose(self.kernel.value, (0, 1, 3, 2)), _convolve_up, gain=factor)
        else:
            x = modulate(x, styles, self.kernel.value, _convolve, gain=factor)
        if self.noise != "none":
            random = training or self.noise == "random"
            maps = self._draw(style, ops.shape(x)[0]) if random else self.noise_const.value[None, :, :, None]
            x = x + ops.cast(maps * (self.noise_strength.value * factor), x.dtype)
        return activate(x, self.bias.value * factor, True, self.clamp * self.gain, training)

    def _draw(self, style: tf.Tensor, batch: int | tf.Tensor) -> tf.Tensor:
        """N(0, 1), float32 `[batch, side, side, 1]`: this replica's rows of what the step's seed gives for all."""
        seed = layer_seed(2 * self.side + self.up, style)
        return own_rows(tf.random.stateless_normal((batch * count_replicas(), self.side, self.side, 1), seed))

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> tuple[int | None, ...]:
        return (input_shape[0][0], self.side, self.side, self.filters)

    def get_config(self) -> dict[str, Any]:
        names = ("filters", "side", "up", "noise", "clamp", "gain")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(PACKAGE)
class StyledImage(StyleGANLayer):
    """A 1 x 1 convolution modulated by a style, without demodulation, from features to an image.

    Args:
        channels: of the image.
        clamp: largest absolute value of the image, or 0.

    Call arguments:
        inputs: [features `[batch, H, W, in]`, style float32 `[batch, w_dim]`].

    Returns:
        float32 `[batch, H, W, channels]`.
    """

    def __init__(self, channels: int, clamp: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels
        self.clamp = clamp

    def build(self, input_shape: Any) -> None:
        (*_, features), style_shape = input_shape
        self.affine = EqualizedDense(features, bias_value=1.0, name="affine", dtype=self.dtype_policy)
        self.affine.build(style_shape)
        drawn = keras.initializers.RandomNormal(stddev=1.0)
        shape = (1, 1, features, self.channels)
        self.kernel = self.add_weight(shape=shape, name="kernel", initializer=drawn, autocast=False)
        self.bias = self.add_weight(shape=(self.channels,), name="bias", initializer="zeros", autocast=False)

    def call(self, inputs: list[tf.Tensor], training: bool | None = None) -> tf.Tensor:
        features, style = inputs
        styles = self.affine(style) / math.sqrt(self.kernel.shape[2])
        x = modulate(ops.cast(features, self.numbers), styles, self.kernel.value, _convolve, demodulate=False)
        return activate(ops.cast(x, "float32"), self.bias.value, leaky=False, limit=self.clamp, training=training)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> tuple[int | None, ...]:
        return (*input_shape[0][:-1], self.channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "channels": self.channels, "clamp": self.clamp}
