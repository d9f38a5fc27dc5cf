"""ADA's colour part: one affine map of the channels an image."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Array


_GREY = np.append(np.ones(3) / np.sqrt(3.0), 0.0)  # the direction from black to white
_GREY_PART = np.outer(_GREY, _GREY).astype(np.float32)


def color_maps(amounts: dict[str, tf.Tensor]) -> tf.Tensor:
    """The maps from the colours (r, g, b, 1) of an image to those of the augmented one.

    Args:
        amounts: dict as of `ada_draws.draw_amounts`.

    Returns:
        float32 `[batch, 4, 4]`; each further transformation stands to the left.
    """
    identity = tf.eye(4)
    offset = np.zeros((4, 4), np.float32)
    offset[:3, 3] = 1.0
    factor = np.diag([1.0, 1.0, 1.0, 0.0]).astype(np.float32)
    one = np.diag([0.0, 0.0, 0.0, 1.0]).astype(np.float32)

    def times(values: tf.Tensor, matrix: Array) -> tf.Tensor:
        return values[:, None, None] * matrix

    maps = (
        identity + times(amounts["brightness"], offset),
        times(amounts["contrast"], factor) + one,
        identity - times(2.0 * amounts["luma_flip"], _GREY_PART),
        _rotation(amounts["hue"]),
        _GREY_PART + times(amounts["saturation"], identity - _GREY_PART - one) + one,
    )
    return functools.reduce(lambda before, after: tf.matmul(after, before), maps)


def change_colors(images: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
    """Images with their colours mapped.

    Args:
        images: float32 `[batch, H, W, C]` of 1, 3 or 4 channels. One channel takes the mean of the three rows; the
            fourth channel stays.
        maps: float32 `[batch, 4, 4]`.

    Returns:
        float32 `[batch, H, W, C]`; may leave [-1, 1].
    """
    if images.shape[-1] == 1:
        row = tf.reduce_mean(maps[:, :3], axis=1)
        return images * tf.reduce_sum(row[:, :3], axis=1)[:, None, None, None] + row[:, 3][:, None, None, None]
    colors = tf.einsum("bij,bhwj->bhwi", maps[:, :3, :3], images[..., :3]) + maps[:, None, None, :3, 3]
    return tf.concat([colors, images[..., 3:]], axis=-1)


def _rotation(angle: tf.Tensor) -> tf.Tensor:
    """float32 `[batch, 4, 4]`: rotations of the colours around grey, by Rodrigues' formula."""
    x, y, z, _ = _GREY
    cross = np.zeros((4, 4), np.float32)
    cross[:3, :3] = [[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]]
    rest = np.diag([1.0, 1.0, 1.0, 0.0]).astype(np.float32) - _GREY_PART
    cos, sin = tf.cos(angle)[:, None, None], tf.sin(angle)[:, None, None]
    return _GREY_PART + np.diag([0.0, 0.0, 0.0, 1.0]).astype(np.float32) + cos * rest + sin * cross
