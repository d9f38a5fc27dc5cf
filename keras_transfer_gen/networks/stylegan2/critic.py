"""Blocks of the discriminator: each halves its features; the last one looks at groups of images and gives features."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import layers, ops

from keras_transfer_gen.networks.layers import MinibatchDeviation
from keras_transfer_gen.networks.stylegan2.layers import EqualizedConv2D, EqualizedDense, StyleGANLayer
from keras_transfer_gen.networks.stylegan2.resampling import downsample
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import tensorflow as tf


HALF_ROOT = math.sqrt(0.5)
WHOLE_BATCH = 2**30  # as a group size: no batch can be divided by it, and is then one group


@keras.saving.register_keras_serializable(PACKAGE)
class CriticBlock(StyleGANLayer):
    """Two convolutions, the second of which halves; at the top, and with "skip" in every block, the image comes in.

    Args:
        filters: channels of the features that come in.
        out_filters: channels of those that go out.
        architecture: "resnet" adds the halved input to the features, "skip" the image to the input, "orig" neither.
        first: whether it is the block that the image enters.
        clamp: largest absolute activation, or 0.

    Call arguments:
        inputs: features `[batch, H, W, filters]`; the image `[batch, H, W, channels]` where it is the first block;
            with "skip" in later ones [features, image].

    Returns:
        features `[batch, H / 2, W / 2, out_filters]`; with "skip" [features, the image half as large].

    Reference:
        Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020 (arXiv:1912.04958), figure 7.
    """

    def __init__(
        self,
        filters: int,
        out_filters: int,
        architecture: str = "resnet",
        first: bool = False,
        clamp: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.out_filters = out_filters
        self.architecture = architecture
        self.first = first
        self.clamp = clamp
        own: dict[str, Any] = {"dtype": self.dtype_policy, "in_float32": self.in_float32}
        residual = architecture == "resnet"
        if first or architecture == "skip":
            self.fromrgb = EqualizedConv2D(filters, 1, clamp=clamp, name="fromrgb", **own)
        self.conv0 = EqualizedConv2D(filters, clamp=clamp, name="conv0", **own)
        gain = HALF_ROOT if residual else 1.0
        self.conv1 = EqualizedConv2D(out_filters, down=True, gain=gain, clamp=clamp, name="conv1", **own)
        if residual:
            plain: dict[str, Any] = {"down": True, "use_bias": False, "leaky": False, "gain": HALF_ROOT}
            self.skip = EqualizedConv2D(out_filters, 1, **plain, name="skip", **own)

    def build(self, input_shape: Any) -> None:
        features, image = _pair(input_shape, self.first, self.architecture)
        features = (*(features or image)[:-1], self.filters)
        if image:
            self.fromrgb.build(image)
        for name in ("conv0", "conv1", "skip"):
            if hasattr(self, name):
                getattr(self, name).build(features)

    def call(self, inputs: list[tf.Tensor] | tf.Tensor) -> list[tf.Tensor] | tf.Tensor:
        x, image = _pair(inputs, self.first, self.architecture)
        if image is not None:
            added = self.fromrgb(image)
            x = added if x is None else x + added
        features = self.conv1(self.conv0(x))
        if self.architecture == "resnet":
            features = features + self.skip(x)
        return [features, downsample(ops.cast(image, "float32"))] if self.architecture == "skip" else features

    def compute_output_spec(self, inputs: list[tf.Tensor] | tf.Tensor) -> Any:
        features, image = _pair(inputs, self.first, self.architecture)
        batch, height, width, _ = (features if image is None else image).shape
        outputs = keras.KerasTensor((batch, height // 2, width // 2, self.out_filters), self.numbers)
        if self.architecture != "skip":
            return outputs
        return [outputs, keras.KerasTensor((batch, height // 2, width // 2, image.shape[-1]), "float32")]

    def get_config(self) -> dict[str, Any]:
        names = ("filters", "out_filters", "architecture", "first", "clamp")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _pair(inputs: Any, first: bool, architecture: str) -> Any:
    """(features or None, image or None) of what a block is given; of shapes as of tensors."""
    if first:
        return None, inputs
    return tuple(inputs) if architecture == "skip" else (inputs, None)


@keras.saving.register_keras_serializable(PACKAGE)
class CriticEnd(StyleGANLayer):
    """From features of 4 x 4 pixels to numbers: how much a group of images differs, a convolution, two dense layers.

    Always in float32.

    Args:
        filters: channels of the features.
        units: numbers of an image: 1, or as many as a label is compared with.
        architecture: with "skip" the image comes in once more.
        first: whether there is no block before it, for images of 4 pixels.
        group_size: images that are compared with each other; 0 compares the whole batch.
        clamp: largest absolute activation of the convolution, or 0.

    Call arguments:
        inputs: as of `CriticBlock`, of 4 x 4 pixels.

    Returns:
        float32 `[batch, units]`.
    """

    def __init__(
        self,
        filters: int,
        units: int = 1,
        architecture: str = "resnet",
        first: bool = False,
        group_size: int = 4,
        clamp: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.units = units
        self.architecture = architecture
        self.first = first
        self.group_size = group_size
        self.clamp = clamp
        own: dict[str, Any] = {"dtype": self.dtype_policy}
        if first or architecture == "skip":
            self.fromrgb = EqualizedConv2D(filters, 1, in_float32=True, name="fromrgb", **own)
        self.deviation = MinibatchDeviation(group_size or WHOLE_BATCH, name="deviation", dtype="float32")
        self.conv = EqualizedConv2D(filters, clamp=clamp, in_float32=True, name="conv", **own)
        self.fc = EqualizedDense(filters, leaky=True, name="fc", **own)
        self.out = EqualizedDense(units, name="out", **own)

    def build(self, input_shape: Any) -> None:
        _, image = _pair(input_shape, self.first, self.architecture)
        if image:
            self.fromrgb.build(image)
        self.deviation.build((None, 4, 4, self.filters))
        self.conv.build((None, 4, 4, self.filters + 1))
        self.fc.build((None, 16 * self.filters))
        self.out.build((None, self.filters))

    def call(self, inputs: list[tf.Tensor] | tf.Tensor) -> tf.Tensor:
        x, image = _pair(inputs, self.first, self.architecture)
        if image is not None:
            added = self.fromrgb(image)
            x = added if x is None else ops.cast(x, "float32") + added
        x = self.conv(self.deviation(ops.cast(x, "float32")))
        return self.out(self.fc(ops.reshape(x, (-1, 16 * self.filters))))

    def compute_output_spec(self, inputs: list[tf.Tensor] | tf.Tensor) -> Any:
        features, image = _pair(inputs, self.first, self.architecture)
        return keras.KerasTensor(((features if image is None else image).shape[0], self.units), "float32")

    def get_config(self) -> dict[str, Any]:
        names = ("filters", "units", "architecture", "first", "group_size", "clamp")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(PACKAGE)
class LabelProjection(layers.Layer):
    """How much the numbers of an image agree with those of its label: their product, over the root of their count.

    Call arguments:
        inputs: [numbers float32 `[batch, n]`, those of the label, the same shape].

    Returns:
        float32 `[batch, 1]`.

    Reference:
        Miyato and Koyama, cGANs with Projection Discriminator, 2018 (arXiv:1802.05637).
    """

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        numbers, labels = inputs
        return ops.sum(numbers * labels, axis=-1, keepdims=True) / math.sqrt(numbers.shape[-1])

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (input_shape[0][0], 1)
