"""A block of the synthesis network: two styled convolutions at one resolution, and what they add to the image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from keras_transfer_gen.networks.stylegan2.layers import EqualizedConv2D, StyleGANLayer
from keras_transfer_gen.networks.stylegan2.modulation import StyledConv2D, StyledImage
from keras_transfer_gen.networks.stylegan2.resampling import upsample
from keras_transfer_gen.version import PACKAGE

if TYPE_CHECKING:
    import tensorflow as tf


HALF_ROOT = math.sqrt(0.5)


@keras.saving.register_keras_serializable(PACKAGE)
class SynthesisBlock(StyleGANLayer):
    """Features twice as large, changed by two styled convolutions; the first block begins with a constant.

    Args:
        filters: channels of the features.
        side: of the features, in pixels; 4 is the first block.
        channels: of images.
        architecture: "skip" adds the images of all blocks, "resnet" the block's input to its features, "orig" neither.
        last: whether it is the block that gives the image.
        noise: see `StyledConv2D`.
        clamp: largest absolute value of features and of what is added to the image, or 0.

    Call arguments:
        inputs: list of the features `[batch, side / 2, side / 2, in]` (not in the first block), the image so far (not
            there, and with "skip" alone) and the styles float32 `[batch, count, w_dim]` of all blocks.

    Returns:
        features `[batch, side, side, filters]`; with "skip" [features, float32 image `[batch, side, side, channels]`];
        of the last block the image alone.

    Reference:
        Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020 (arXiv:1912.04958), figure 7.
    """

    def __init__(
        self,
        filters: int,
        side: int,
        channels: int,
        architecture: str = "skip",
        last: bool = False,
        noise: str = "const",
        clamp: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.side = side
        self.channels = channels
        self.architecture = architecture
        self.last = last
        self.noise = noise
        self.clamp = clamp
        self.first = side == 4
        own = {"dtype": self.dtype_policy, "in_float32": self.in_float32}
        conv = {**own, "noise": noise, "clamp": clamp}
        residual = architecture == "resnet" and not self.first
        if not self.first:
            self.conv0 = StyledConv2D(filters, side, up=True, name="conv0", **conv)
        self.conv1 = StyledConv2D(filters, side, gain=HALF_ROOT if residual else 1.0, name="conv1", **conv)
        if last or architecture == "skip":
            self.torgb = StyledImage(channels, clamp=clamp, name="torgb", **own)
        if residual:
            self.skip = EqualizedConv2D(filters, 1, use_bias=False, leaky=False, gain=HALF_ROOT, name="skip", **own)

    def build(self, input_shape: Any) -> None:
        features = (None, 4, 4, self.filters)
        style = (None, input_shape[-1][-1] if not self.first else _only(input_shape)[-1])
        if self.first:
            shape = (4, 4, self.filters)
            drawn = keras.initializers.RandomNormal(stddev=1.0)
            self.const = self.add_weight(shape=shape, name="const", initializer=drawn, autocast=False)
        else:
            features = (None, self.side, self.side, self.filters)
            self.conv0.build([input_shape[0], style])
            if hasattr(self, "skip"):
                self.skip.build(input_shape[0])
        self.conv1.build([features, style])
        if hasattr(self, "torgb"):
            self.torgb.build([features, style])

    def call(self, inputs: Any, training: Any = None) -> list[tf.Tensor] | tf.Tensor:
        if self.first:
            styles = _only(inputs)
            number = 0  # of the first style that the block takes
            x = ops.cast(ops.tile(self.const.value[None], (ops.shape(styles)[0], 1, 1, 1)), self.numbers)
            image = None
        else:
            features, styles = inputs[0], inputs[-1]
            number = 2 * int(math.log2(self.side)) - 5
            image = inputs[1] if self.architecture == "skip" else None
            x = self.conv0([features, styles[:, number]], training=training)
            number += 1
        residual = upsample(self.skip(features)) if self.architecture == "resnet" and not self.first else None
        x = self.conv1([x, styles[:, number]], training=training)
        x = x if residual is None else x + residual
        if not (self.last or self.architecture == "skip"):
            return x
        added = self.torgb([x, styles[:, number + 1]])
        image = added if image is None else upsample(image) + added
        return image if self.last else [x, image]

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        batch = _only(inputs).shape[0] if self.first else inputs[-1].shape[0]
        features = keras.KerasTensor((batch, self.side, self.side, self.filters), self.numbers)
        image = keras.KerasTensor((batch, self.side, self.side, self.channels), "float32")
        if self.last:
            return image
        return [features, image] if self.architecture == "skip" else features

    def get_config(self) -> dict[str, Any]:
        names = ("filters", "side", "channels", "architecture", "last", "noise", "clamp")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _only(inputs: Any) -> Any:
    """What the first block takes, as itself or in a list."""
    if isinstance(inputs, (list, tuple)) and len(inputs) == 1:
        return inputs[0]
    return inputs
