"""EfficientNet-Lite0 and Lite1: their blocks, described once, computed by Keras layers or with constant weights.

Batch normalisation is folded into the convolutions, and every convolution is padded as TensorFlow's "SAME". The
trained weights are installed with the package (`shipped_weights`) and are never trained further.

Reference:
    Tan and Le, EfficientNet, 2019 (arXiv:1905.11946); the Lite family has ReLU6 and no squeeze-and-excite.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

import tensorflow as tf
from keras import layers

from keras_transfer_gen import pixels
from keras_transfer_gen.shipped_weights import read_shipped_weights

if TYPE_CHECKING:
    import numpy as np


MEAN, SCALE = 127.0, 128.0  # pixel levels: a network sees (level - MEAN) / SCALE
STEM = 32  # channels of the first convolution, 3 x 3 with stride 2


@dataclasses.dataclass(frozen=True)
class Stage:
    """Blocks of one width.

    Args:
        expansion: how many times more channels a block has inside.
        kernel: side of the depthwise kernel.
        stride: of the first block; the others have 1.
        channels: of each block's output.
        blocks: how many there are.
    """

    expansion: int
    kernel: int
    stride: int
    channels: int
    blocks: int


@dataclasses.dataclass(frozen=True)
class Variant:
    """A network of the family, or its first stages.

    Args:
        name: the folder of its weights.
        stages: tuple of `Stage`.
    """

    name: str
    stages: tuple

    @functools.cached_property
    def last_blocks(self) -> tuple[int, ...]:
        """tuple of int: the number of the last block of each stage, from 0."""
        ends = [sum(stage.blocks for stage in self.stages[: number + 1]) for number in range(len(self.stages))]
        return tuple(end - 1 for end in ends)


LITE0 = Variant(
    "efficientnet_lite0",
    (
        Stage(1, 3, 1, 16, 1),
        Stage(6, 3, 2, 24, 2),
        Stage(6, 5, 2, 40, 2),
        Stage(6, 3, 2, 80, 3),
        Stage(6, 5, 1, 112, 3),
        Stage(6, 5, 2, 192, 4),
        Stage(6, 3, 1, 320, 1),
    ),
)
# The last two stages are not installed: nothing looks at them.
LITE1 = Variant(
    "efficientnet_lite1",
    (
        Stage(1, 3, 1, 16, 1),
        Stage(6, 3, 2, 24, 3),
        Stage(6, 5, 2, 40, 3),
        Stage(6, 3, 2, 80, 4),
        Stage(6, 5, 1, 112, 4),
    ),
)

# What `feature_maps` gives: the outputs of the last four stages of LITE1.
TAPS = LITE1.last_blocks[1:]
TAP_STRIDES = (4, 8, 16, 16)  # how many times smaller than the image each map is
TAP_CHANNELS = tuple(stage.channels for stage in LITE1.stages[1:])


def stage_outputs(x: tf.Tensor, variant: Variant, compute: ConstantWeights | KerasLayers) -> list[tf.Tensor]:
    """The outputs of all stages of a network.

    Args:
        x: what the first convolution takes: images `[batch, H, W, 3]`, normalised by `MEAN` and `SCALE`.
        variant: `Variant`.
        compute: `KerasLayers` or `ConstantWeights`.

    Returns:
        list of `[batch, H', W', channels]`, one for each stage.
    """
    x = compute.convolve(x, "stem", STEM, kernel=3, stride=2)
    outputs, block = [], 0
    for stage in variant.stages:
        for repeat in range(stage.blocks):
            name, shortcut = f"block{block}", x
            if stage.expansion != 1:
                x = compute.convolve(x, f"{name}_expand", stage.expansion * x.shape[-1])
            x = compute.convolve_depthwise(x, f"{name}_depthwise", stage.kernel, 1 if repeat else stage.stride)
            x = compute.convolve(x, f"{name}_project", stage.channels, activation=None)
            if repeat:
                x = compute.add(shortcut, x, f"{name}_add")
            block += 1
        outputs.append(x)
    return outputs


class KerasLayers:
    """Computes with Keras layers in float32, their weights zero until they are loaded.

    Zeros draw no random numbers: building the network doesn't change what a seeded program does next.
    """

    shared = {"padding": "same", "dtype": "float32"}

    def convolve(
        self, x: tf.Tensor, name: str, filters: int, kernel: int = 1, stride: int = 1, activation: str | None = "relu6"
    ) -> tf.Tensor:
        return layers.Conv2D(
            filters, kernel, stride, activation=activation, name=name, kernel_initializer="zeros", **self.shared
        )(x)

    def convolve_depthwise(self, x: tf.Tensor, name: str, kernel: int, stride: int) -> tf.Tensor:
        return layers.DepthwiseConv2D(
            kernel, stride, activation="relu6", name=name, depthwise_initializer="zeros", **self.shared
        )(x)

    def add(self, first: tf.Tensor, second: tf.Tensor, name: str) -> tf.Tensor:
        return layers.Add(dtype="float32", name=name)([first, second])


class ConstantWeights:
    """Computes with arrays that become constants of the graph: nothing to train, to save or to mirror over devices.

    Args:
        arrays: dict of "LAYER/kernel" and "LAYER/bias" -> float32 array; the sizes of the kernels are read off them.
    """

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays

    def convolve(
        self, x: tf.Tensor, name: str, filters: int, kernel: int = 1, stride: int = 1, activation: str | None = "relu6"
    ) -> tf.Tensor:
        y = tf.nn.bias_add(tf.nn.conv2d(x, self.arrays[f"{name}/kernel"], stride, "SAME"), self.arrays[f"{name}/bias"])
        return tf.nn.relu6(y) if activation else y

    def convolve_depthwise(self, x: tf.Tensor, name: str, kernel: int, stride: int) -> tf.Tensor:
        y = tf.nn.depthwise_conv2d(x, self.arrays[f"{name}/kernel"], (1, stride, stride, 1), "SAME")
        return tf.nn.relu6(tf.nn.bias_add(y, self.arrays[f"{name}/bias"]))

    def add(self, first: tf.Tensor, second: tf.Tensor, name: str) -> tf.Tensor:
        return first + second


@functools.lru_cache(maxsize=1)
def lite1_arrays() -> dict[str, np.ndarray]:
    """The arrays of `LITE1` by name, read once."""
    return read_shipped_weights(LITE1.name)


def feature_maps(images: np.ndarray) -> list[tf.Tensor]:
    """What EfficientNet-Lite1 computes of images, at four depths; its weights are constants.

    Args:
        images: float32 `[batch, H, W, 3]` in [-1, 1].

    Returns:
        list of float32 `[batch, ceil(H / stride), ceil(W / stride), channels]`, one for each of `TAP_STRIDES` and
        `TAP_CHANNELS`, standardised: each channel has about mean 0 and deviation 1 on photographs.

    Example:
        >>> [tuple(maps.shape) for maps in feature_maps(tf.zeros((1, 32, 32, 3)))]
        [(1, 8, 8, 24), (1, 4, 4, 40), (1, 2, 2, 80), (1, 2, 2, 112)]
    """
    arrays = lite1_arrays()
    levels = (tf.cast(images, tf.float32) + 1.0) * pixels.LEVELS
    outputs = stage_outputs((levels - MEAN) / SCALE, LITE1, ConstantWeights(arrays))
    return [
        (x - arrays[f"tap{block}/mean"]) / arrays[f"tap{block}/deviation"]
        for block, x in zip(TAPS, outputs[1:], strict=True)
    ]
