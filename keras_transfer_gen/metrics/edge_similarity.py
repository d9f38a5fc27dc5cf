"""How far two images have the same outlines: correlation of Sobel gradient magnitudes."""

from __future__ import annotations

import numpy as np

from keras_transfer_gen import checks, pixels

LUMA = np.array([0.299, 0.587, 0.114], np.float64)  # of ITU-R BT.601
FLAT = 1e-9  # deviation of the magnitudes below which an image has no edges


def edge_magnitude(images: np.ndarray) -> np.ndarray:
    """Sobel gradient magnitude of the brightness; images are mirrored at their borders.

    Args:
        images: uint8 `[N, H, W, 1 or 3]`; RGB is weighted to brightness as in ITU-R BT.601.

    Returns:
        float64 `[N, H, W]`, in grey levels times 8, which is the sum of the absolute weights of the kernel.

    Example:
        >>> round(float(edge_magnitude(np.full((1, 4, 4, 3), 7, np.uint8)).max()), 6)
        0.0
    """
    grey = pixels.to_rgb(images).astype(np.float64) @ LUMA
    framed = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="symmetric")
    down, across = framed[:, 2:] - framed[:, :-2], framed[:, :, 2:] - framed[:, :, :-2]
    horizontal = across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:]
    vertical = down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]
    return np.hypot(horizontal, vertical)


def edge_similarity(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Pearson correlation of the two edge maps, pair by pair: 1 for the same outlines, about 0 for unrelated ones.

    A change of the colour or contrast of the whole image doesn't change it. It is 1 for two images without edges, and 0
    where only one of them has edges.

    Args:
        images: uint8 `[N, H, W, 1 or 3]`.
        others: the same shape but for channels; image i is compared with image i.

    Returns:
        float64 `[N]` in [-1, 1].

    Raises:
        UserError: where the shapes differ.

    Example:
        >>> ramp = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
        >>> edge_similarity(ramp, 255 - ramp).round(6).tolist()
        [1.0]
    """
    images, others = np.asarray(images), np.asarray(others)
    if images.ndim != 4 or images.shape[:3] != others.shape[:3]:
        raise checks.user_error("others.shape", f"{images.shape}, as of the images", others.shape)
    first, second = (_standardised(edge_magnitude(each)) for each in (images, others))
    flat = [np.abs(maps).max(axis=1) == 0 for maps in (first, second)]
    return np.where(flat[0] & flat[1], 1.0, (first * second).sum(axis=1))


def _standardised(maps: np.ndarray) -> np.ndarray:
    """`[N, H W]`, each row of mean 0 and length 1; all zeros where the image is flat."""
    rows = maps.reshape(len(maps), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(length > FLAT * rows.shape[1], rows / np.maximum(length, 1e-300), 0.0)
