"""Images enlarged or made smaller about their centre, as a product with a matrix of Lanczos weights."""

from __future__ import annotations

import numpy as np

LOBES = 3  # of the kernel on each side


def zoom_matrix(size: int, zoom: float) -> np.ndarray:
    """The matrix that takes a row of pixels to the same row, enlarged about its centre.

    What lies beyond an edge counts as the pixel at the edge. Rows that are made smaller are smoothed first, by a kernel
    that is as many times wider.

    Args:
        size: number of pixels.
        zoom: how many times as large things become, above 0; 1 changes nothing.

    Returns:
        float32 `[size, size]`, each of its rows of sum 1.

    Example:
        >>> bool(np.allclose(zoom_matrix(4, 1.0), np.eye(4), atol=1e-6))
        True

    Reference:
        Duchon, Lanczos Filtering in One and Two Dimensions, 1979 (J. Appl. Meteorology 18).
    """
    centre = (size - 1) / 2
    reach = LOBES * max(1.0, 1.0 / zoom)
    margin = int(np.ceil(reach + centre * max(0.0, 1.0 / zoom - 1.0))) + 1
    read = np.arange(-margin, size + margin)
    places = (np.arange(size) - centre) / zoom + centre
    steps = (places[:, np.newaxis] - read) * LOBES / reach
    weights = np.where(np.abs(steps) < LOBES, np.sinc(steps) * np.sinc(steps / LOBES), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    edges = np.equal.outer(np.clip(read, 0, size - 1), np.arange(size))
    return (weights @ edges).astype(np.float32)


def zoom_images(images: np.ndarray, zoom: float) -> np.ndarray:
    """Images enlarged about their centre, or made smaller, as `zoom_matrix` does it to rows and to columns.

    Args:
        images: uint8 `[N, H, W, C]`.
        zoom: how many times as large things become, above 0.

    Returns:
        uint8 `[N, H, W, C]`.
    """
    rows, columns = (zoom_matrix(size, zoom) for size in images.shape[1:3])
    enlarged = np.einsum("ik,nklc,jl->nijc", rows, images.astype(np.float32), columns, optimize=True)
    return np.clip(np.round(enlarged), 0, 255).astype(np.uint8)
