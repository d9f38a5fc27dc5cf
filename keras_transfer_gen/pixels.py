"""Changes of the pixel range, grids of images and PNG bytes.

Images are uint8 0..255 everywhere except inside training, where they are float32 in [-1, 1]; always NHWC.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Images


RENDER_BATCH = 32  # always the same: the rounding of an image must not depend on how many others there are
LEVELS = 127.5  # half of the pixel range: one unit of the model range in pixel levels


def to_model_range(images: Images) -> tf.Tensor:
    """uint8 0..255 -> float32 in [-1, 1].

    Args:
        images: `[..., H, W, C]`, uint8 tensor or array.

    Example:
        >>> float(to_model_range(np.uint8([255]))[0])
        1.0
    """
    return tf.cast(images, tf.float32) / LEVELS - 1.0


def to_uint8(images: Images) -> tf.Tensor:
    """float in [-1, 1] -> uint8 0..255, rounded to the nearest level, clipped.

    Args:
        images: `[..., H, W, C]`, float tensor or array.

    Example:
        >>> int(to_uint8(np.float32([1.0]))[0])
        255
    """
    scaled = (tf.cast(images, tf.float32) + 1.0) * LEVELS
    return tf.cast(tf.clip_by_value(tf.round(scaled), 0.0, 255.0), tf.uint8)


def to_rgb(images: Images) -> np.ndarray:
    """uint8 `[N, H, W, 1 or 3]` -> uint8 `[N, H, W, 3]`; grey is repeated."""
    images = np.asarray(images)
    return np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images


def to_grid(images: Images, columns: int | None = None) -> np.ndarray:
    """One sheet of several images, row by row; empty cells are white.

    Args:
        images: uint8 `[N, H, W, C]`, N at least 1.
        columns: images in a row; by default the sheet is about square.

    Returns:
        uint8 `[rows * H, columns * W, C]`.
    """
    images = np.asarray(images, np.uint8)
    count, height, width, channels = images.shape
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.full((rows * columns, height, width, channels), 255, np.uint8)
    sheet[:count] = images
    sheet = sheet.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return sheet.reshape(rows * height, columns * width, channels)


def to_png(image: Images) -> bytes:
    """uint8 `[H, W, 1 or 3]` -> PNG bytes."""
    return tf.io.encode_png(np.asarray(image, np.uint8)).numpy()


def render(generator: Callable[..., Any], z: np.ndarray) -> np.ndarray:
    """Images of a generator for given latents, in batches of one fixed size.

    Args:
        generator: function, float32 `[batch, latent_dim]` -> float32 `[batch, H, W, C]` in [-1, 1].
        z: float32 ndarray `[N, latent_dim]`, N at least 1.

    Returns:
        uint8 ndarray `[N, H, W, C]`.
    """
    batches = []
    for first in range(0, len(z), RENDER_BATCH):
        part = z[first : first + RENDER_BATCH]
        padded = np.concatenate([part, np.zeros((RENDER_BATCH - len(part), z.shape[1]), np.float32)])
        batches.append(to_uint8(generator(padded)).numpy()[: len(part)])
    return np.concatenate(batches)
