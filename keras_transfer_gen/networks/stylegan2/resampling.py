"""Images and feature maps twice or half as large, with the low-pass filter (1, 3, 3, 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from keras_transfer_gen.networks.stylegan2.low_pass_filter import FILTER

if TYPE_CHECKING:
    import tensorflow as tf


def low_pass(inputs: tf.Tensor, padding: tuple[int, int], gain: float = 1.0, stride: int = 1) -> tf.Tensor:
    """Zero padding, the 4 x 4 low-pass filter on each channel, and every `stride`-th sample.

    Args:
        inputs: `[batch, H, W, C]`.
        padding: (before, after) on both axes, in samples.
        gain: factor on the filter.
        stride: 1 or 2.

    Returns:
        `[batch, (H + before + after - 4) // stride + 1, the same of W, C]`.
    """
    padded = ops.pad(inputs, ((0, 0), padding, padding, (0, 0)))
    kernel = np.repeat(gain * FILTER[:, :, np.newaxis, np.newaxis], inputs.shape[-1], axis=2)
    return ops.depthwise_conv(padded, ops.convert_to_tensor(kernel, inputs.dtype), stride, padding="valid")


def upsample(inputs: tf.Tensor) -> tf.Tensor:
    """Twice as large; zero beyond the border.

    The filter meets every second sample alone, so that each output is a quarter of one neighbour and three quarters of
    the other: this is computed for even and odd outputs, without inserted zeros.

    Args:
        inputs: `[batch, H, W, C]`.

    Returns:
        `[batch, 2 H, 2 W, C]`.

    Example:
        >>> upsample(ops.ones((1, 2, 2, 1)))[0, :, 1, 0].numpy().tolist()
        [0.75, 1.0, 1.0, 0.75]
    """
    _, height, width, channels = inputs.shape
    padded = ops.pad(inputs, ((0, 0), (1, 1), (0, 0), (0, 0)))
    rows = ops.stack(_even_and_odd(padded[:, :-2], inputs, padded[:, 2:]), axis=2)
    rows = ops.reshape(rows, (-1, 2 * height, width, channels))
    padded = ops.pad(rows, ((0, 0), (0, 0), (1, 1), (0, 0)))
    columns = ops.stack(_even_and_odd(padded[:, :, :-2], rows, padded[:, :, 2:]), axis=3)
    return ops.reshape(columns, (-1, 2 * height, 2 * width, channels))


def _even_and_odd(before: tf.Tensor, here: np.ndarray | tf.Tensor, after: tf.Tensor) -> list[tf.Tensor]:
    near = 0.75 * here
    return [near + 0.25 * before, near + 0.25 * after]


def downsample(inputs: tf.Tensor) -> tf.Tensor:
    """Half as large: `[batch, H, W, C]` -> `[batch, H / 2, W / 2, C]`, zero beyond the border."""
    return low_pass(inputs, (1, 1), stride=2)
