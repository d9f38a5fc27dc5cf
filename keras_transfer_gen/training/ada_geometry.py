"""ADA's geometric part: one affine map an image, carried out once and without aliasing.

An image is reflected beyond its border, enlarged twice with a wavelet's low-pass filter, sampled along the map, and
reduced with the same filter. Shapes are fixed, whatever was drawn. Enlarging and reducing are products with matrices:
on a CPU that is quicker than the convolutions that they stand for, and derivatives of every order exist.
"""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

# Low-pass filter of the wavelet "symlet 6".
SYM6 = (
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466,
    0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578,
    0.0017677118642428036, -0.007800708325034148,
)  # fmt: skip
MARGIN = len(SYM6) // 4  # pixels that the filter needs beyond the image


def output_to_input(amounts: dict[str, tf.Tensor], height: int, width: int) -> tf.Tensor:
    """The maps from places in the augmented image to places in the image, which the amounts stand for.

    Places are in pixels from the image's centre, y down; each further transformation stands to the right.

    Args:
        amounts: dict as of `ada_draws.draw_amounts`.
        height: of an image, in pixels.
        width: the same.

    Returns:
        float32 `[batch, 3, 3]`.
    """
    side = tf.constant([width, height], tf.float32)
    shift = tf.round(amounts["shift"] * side)
    fraction = amounts["fraction"] * side
    zero, one = tf.zeros_like(amounts["scale"]), tf.ones_like(amounts["scale"])

    def scaling(x: tf.Tensor, y: tf.Tensor) -> list[tf.Tensor]:
        return [x, zero, zero, zero, y, zero, zero, zero, one]

    def rotation(angle: tf.Tensor) -> list[tf.Tensor]:
        cos, sin = tf.cos(angle), tf.sin(angle)
        return [cos, -sin, zero, sin, cos, zero, zero, zero, one]

    def translation(offsets: tf.Tensor) -> list[tf.Tensor]:
        return [one, zero, offsets[:, 0], zero, one, offsets[:, 1], zero, zero, one]

    entries = [
        scaling(1.0 / (1.0 - 2.0 * amounts["flip"]), one),
        rotation(amounts["turns"] * (np.pi / 2)),
        translation(-shift),
        scaling(1.0 / amounts["scale"], 1.0 / amounts["scale"]),
        rotation(amounts["rotation_before"]),
        scaling(1.0 / amounts["aspect"], amounts["aspect"]),
        rotation(amounts["rotation_after"]),
        translation(-fraction),
    ]
    stacked = tf.stack([entry for matrix in entries for entry in matrix], axis=-1)
    maps = tf.unstack(tf.reshape(stacked, (-1, len(entries), 3, 3)), axis=1)
    return functools.reduce(tf.matmul, maps)


def resample(images: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
    """Images along affine maps; what lies beyond an image is its reflection.

    Args:
        images: float32 `[batch, H, W, C]`.
        maps: float32 `[batch, 3, 3]` of `output_to_input`.

    Returns:
        float32 `[batch, H, W, C]`.
    """
    height, width = images.shape[1:3]
    rows, columns = (tf.constant(enlarging_matrix(side)) for side in (height, width))
    channels_first = tf.transpose(images, (0, 3, 1, 2))
    enlarged = tf.matmul(rows, tf.matmul(channels_first, columns, transpose_b=True))
    maps = tf.constant(_ENLARGED) @ maps @ tf.constant(np.linalg.inv(_ENLARGED))
    sampled = sample(tf.transpose(enlarged, (0, 2, 3, 1)), maps, 2 * (height + 2 * MARGIN), 2 * (width + 2 * MARGIN))
    rows, columns = (tf.constant(reducing_matrix(side)) for side in (height, width))
    reduced = tf.matmul(rows, tf.matmul(tf.transpose(sampled, (0, 3, 1, 2)), columns, transpose_b=True))
    return tf.transpose(reduced, (0, 2, 3, 1))


def enlarging_matrix(side: int) -> np.ndarray:
    """float32 ndarray `[2 * (3 * side - 2), side]`: reflects a row of pixels and enlarges it twice."""
    padded = np.pad(np.arange(side), side - 1, mode="reflect")
    taps = _filter()
    matrix = np.zeros((2 * len(padded), side), np.float32)
    for number, source in enumerate(padded):
        first = 2 * number - 5
        for tap, value in enumerate(taps):
            if 0 <= first + tap < len(matrix):
                matrix[first + tap, source] += 2.0 * value
    return matrix


def reducing_matrix(side: int) -> np.ndarray:
    """float32 ndarray `[side, 2 * (side + 2 * MARGIN)]`: reduces an enlarged row, without its margins."""
    matrix = np.zeros((side, 2 * (side + 2 * MARGIN)), np.float32)
    for number in range(side):
        matrix[number, 2 * number + 1 : 2 * number + 1 + len(SYM6)] = _filter()
    return matrix


def sample(images: tf.Tensor, maps: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Bilinear samples of images along affine maps; 0 beyond the images.

    Args:
        images: float32 `[batch, H, W, C]`.
        maps: float32 `[batch, 3, 3]`, from places in the result to places in `images`, both in pixels from the centre.
        height: of the result.
        width: of the result.

    Returns:
        float32 `[batch, height, width, C]`; gradients flow to the images.
    """
    batch, (tall, wide, channels) = tf.shape(images)[0], images.shape[1:]
    y, x = np.meshgrid(np.arange(height) + 0.5 - height / 2, np.arange(width) + 0.5 - width / 2, indexing="ij")
    grid = tf.constant(np.stack([x.ravel(), y.ravel(), np.ones(x.size)]), tf.float32)
    places = tf.matmul(maps[:, :2], grid) + tf.constant([[wide / 2 - 0.5], [tall / 2 - 0.5]], tf.float32)
    first = tf.floor(places)
    after = places - first
    corners = np.array([[0, 1, 0, 1], [0, 0, 1, 1]], np.float32)[None, :, :, None]  # x and y of a pixel's neighbours
    column, row = tf.unstack(first[:, :, None] + corners, axis=1)
    across, down = tf.unstack(tf.abs(1.0 - corners - after[:, :, None]), axis=1)
    inside = (column >= 0) & (column < wide) & (row >= 0) & (row < tall)
    shares = tf.where(inside, across * down, tf.zeros_like(row))
    numbers = tf.cast(tf.where(inside, row * wide + column, tf.zeros_like(row)), tf.int32)
    values = tf.gather(tf.reshape(images, (batch, tall * wide, channels)), numbers, batch_dims=1)
    return tf.reshape(tf.reduce_sum(values * shares[..., None], axis=1), (batch, height, width, channels))


def _filter() -> np.ndarray:
    taps = np.array(SYM6, np.float64)
    return taps / taps.sum()


# From places in an image to places in the enlarged one, where each pixel comes first of its two.
_ENLARGED = np.array([[2.0, 0.0, -0.5], [0.0, 2.0, -0.5], [0.0, 0.0, 1.0]], np.float32)
