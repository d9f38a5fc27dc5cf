"""Dense and convolutional layers with equalised learning rates, and the activation that StyleGAN2 uses everywhere."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
from keras import ops

from keras_transfer_gen.networks.stylegan2.resampling import low_pass
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Array, Shape


SLOPE = 0.2  # of the leaky ReLU


def activation_gain(leaky: bool = True, gain: float = 1.0) -> float:
    """The factor on an activation: sqrt(2) with a leaky ReLU, times a gain.

    A factor above 0 may stand before the ReLU as well: on the kernel and the bias, which are smaller than the maps.
    """
    return gain * math.sqrt(2.0) if leaky else gain


def activate(
    inputs: tf.Tensor, bias: Array | None = None, leaky: bool = True, limit: float = 0.0, training: bool | None = None
) -> tf.Tensor:
    """Bias, leaky ReLU (or nothing), and a limit of the result's size; `activation_gain` is no part of it.

    Args:
        inputs: `[batch, ..., C]`.
        bias: `[C]` or None.
        leaky: False leaves the leaky ReLU out.
        limit: the result lies in [-limit, limit]; 0 for no limit.
        training: whether the result has a gradient: on a CPU, the limit then costs next to nothing where it is kept.

    Returns:
        the shape and dtype of `inputs`.
    """
    x = inputs if bias is None else inputs + ops.cast(bias, inputs.dtype)
    if leaky:
        x = _leaky_relu(x)
    if not limit:
        return x
    return _clip_where_needed(x, limit) if training and _on_cpu() else ops.clip(x, -limit, limit)


@tf.custom_gradient
def _leaky_relu(inputs: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """With a gradient that reads the output: what goes in need not be kept, so that TensorFlow can fuse it."""
    outputs = tf.nn.leaky_relu(inputs, SLOPE)
    return outputs, lambda answers: tf.raw_ops.LeakyReluGrad(gradients=answers, features=outputs, alpha=SLOPE)


def _clip_where_needed(inputs: tf.Tensor, limit: float) -> tf.Tensor:
    """`ops.clip(inputs, -limit, limit)`, which is hardly ever due: then neither it nor its gradient is computed."""

    @tf.custom_gradient
    def function(inputs: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        due = tf.maximum(tf.reduce_max(inputs), -tf.reduce_min(inputs)) > limit

        def gradient(answers: tf.Tensor) -> tf.Tensor:
            return tf.cond(due, lambda: _where_kept(inputs, limit, answers), lambda: answers)

        return tf.cond(due, lambda: tf.clip_by_value(inputs, -limit, limit), lambda: inputs), gradient

    return function(inputs)


def _where_kept(inputs: tf.Tensor, limit: float, answers: tf.Tensor) -> tf.Tensor:
    return tf.where(tf.abs(inputs) <= limit, answers, tf.zeros_like(answers))


@functools.cache
def _on_cpu() -> bool:
    """Whether there is no GPU, which would have to wait for the answer to a condition."""
    return not tf.config.list_physical_devices("GPU")


def normalize(inputs: tf.Tensor) -> tf.Tensor:
    """`[batch, features]` divided by the root of the mean square of each row."""
    return inputs * ops.rsqrt(ops.mean(ops.square(inputs), axis=-1, keepdims=True) + 1e-8)


class StyleGANLayer(keras.layers.Layer):
    """A layer that chooses itself what it computes in its policy's type: Keras casts neither inputs nor weights.

    Args:
        in_float32: compute in float32 whatever the policy says.
    """

    def __init__(self, in_float32: bool = False, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.in_float32 = in_float32

    @property
    def numbers(self) -> str:
        """The type to compute in, such as "float32"."""
        return "float32" if self.in_float32 else self.compute_dtype

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "in_float32": self.in_float32}


@keras.saving.register_keras_serializable(PACKAGE)
class EqualizedDense(StyleGANLayer):
    """A dense layer whose stored weights have unit variance and are scaled when they are used, always in float32.

    So Adam, whose steps don't depend on the size of a gradient, moves all layers at the same relative speed.

    Args:
        units: features of the output.
        lr_multiplier: the stored weights are divided by it and what is used is multiplied by it: learning is slower.
        bias_value: of the stored bias at first.
        leaky: whether a leaky ReLU follows.

    Example:
        >>> EqualizedDense(3)(ops.ones((2, 4))).shape
        TensorShape([2, 3])

    Reference:
        Karras et al., Progressive Growing of GANs, 2018 (arXiv:1710.10196), section 4.1.
    """

    def __init__(
        self, units: int, lr_multiplier: float = 1.0, bias_value: float = 0.0, leaky: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.lr_multiplier = lr_multiplier
        self.bias_value = bias_value
        self.leaky = leaky

    def build(self, input_shape: Shape) -> None:
        drawn = keras.initializers.RandomNormal(stddev=1.0 / self.lr_multiplier)
        constant = keras.initializers.Constant(self.bias_value)
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight(shape=shape, name="kernel", initializer=drawn, autocast=False)
        self.bias = self.add_weight(shape=(self.units,), name="bias", initializer=constant, autocast=False)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        factor = self.lr_multiplier * activation_gain(self.leaky)
        x = ops.matmul(ops.cast(inputs, "float32"), self.kernel.value * (factor / math.sqrt(self.kernel.shape[0])))
        return activate(x, self.bias.value * factor, self.leaky)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        own = {"lr_multiplier": self.lr_multiplier, "bias_value": self.bias_value, "leaky": self.leaky}
        return {**super().get_config(), "units": self.units, **own}


@keras.saving.register_keras_serializable(PACKAGE)
class EqualizedConv2D(StyleGANLayer):
    """A convolution with an equalised learning rate, "same" padding, and on request a halving before it.

    Args:
        filters: channels of the output.
        kernel_size: side of the kernel, 1 or 3.
        down: whether the result is half as large, with the low-pass filter before.
        use_bias: whether there is a bias.
        leaky: whether a leaky ReLU follows.
        gain: factor on the result.
        clamp: largest absolute value of the result over `gain`, or 0.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 3,
        down: bool = False,
        use_bias: bool = True,
        leaky: bool = True,
        gain: float = 1.0,
        clamp: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.down = down
        self.use_bias = use_bias
        self.leaky = leaky
        self.gain = gain
        self.clamp = clamp

    def build(self, input_shape: Shape) -> None:
        shape = (self.kernel_size, self.kernel_size, input_shape[-1], self.filters)
        drawn = keras.initializers.RandomNormal(stddev=1.0)
        self.kernel = self.add_weight(shape=shape, name="kernel", initializer=drawn, autocast=False)
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.filters,), name="bias", initializer="zeros", autocast=False)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        factor = activation_gain(self.leaky, self.gain)
        kernel = self.kernel.value * (factor / math.sqrt(math.prod(self.kernel.shape[:-1])))
        x, kernel = ops.cast(inputs, self.numbers), ops.cast(kernel, self.numbers)
        if self.down and self.kernel_size == 1:
            x = ops.conv(low_pass(x, (1, 1), stride=2), kernel, padding="valid")
        elif self.down:
            x = ops.conv(low_pass(x, (2, 2)), kernel, 2, padding="valid")
        else:
            x = ops.conv(x, kernel, padding="same")
        bias = self.bias.value * factor if self.use_bias else None
        return activate(x, bias, self.leaky, self.clamp * self.gain, training)

    def compute_output_shape(self, input_shape: Shape) -> tuple[int | None, ...]:
        height, width = (side // 2 if self.down else side for side in input_shape[1:3])
        return (input_shape[0], height, width, self.filters)

    def compute_output_spec(self, inputs: tf.Tensor, training: bool | None = None) -> keras.KerasTensor:
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.numbers)

    def get_config(self) -> dict[str, Any]:
        names = ("filters", "kernel_size", "down", "use_bias", "leaky", "gain", "clamp")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
