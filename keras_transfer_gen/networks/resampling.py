"""Images enlarged or made smaller about their centre, as a product with a matrix of Lanczos weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LOBES = 3  # of the kernel on each side
ALIKE, MOST_EDGES = 4, 0.5  # pixel levels between colours that count as one; share of the pixels at edges that have it


def zoom_matrix(size: int, zoom: float, continued: bool = True) -> np.ndarray:
    """The matrix that takes a row of pixels to the same row, enlarged about its centre.

    Rows that are made smaller are smoothed first, by a kernel that is as many times wider.

    Args:
        size: number of pixels.
        zoom: how many times as large things become, above 0; 1 changes nothing.
        continued: whether what lies beyond an edge counts as the pixel at the edge; else it counts as 0.

    Returns:
        float32 `[size, size]`; where edges are continued, each of its rows is of sum 1.

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
    pixels = np.equal.outer(np.clip(read, 0, size - 1) if continued else read, np.arange(size))
    return (weights @ pixels).astype(np.float32)


def zoom_images(images: np.ndarray, zoom: float, ground: Sequence[float] | None = None) -> np.ndarray:
    """Images enlarged about their centre, or made smaller, as `zoom_matrix` does it to rows and to columns.

    Args:
        images: uint8 `[N, H, W, C]`.
        zoom: how many times as large things become, above 0.
        ground: the colour beyond the edges, C pixel levels; None: each edge is continued.

    Returns:
        uint8 `[N, H, W, C]`.
    """
    rows, columns = (zoom_matrix(size, zoom, continued=ground is None) for size in images.shape[1:3])
    base = np.zeros(images.shape[-1], np.float32) if ground is None else np.array(ground, np.float32)
    enlarged = np.einsum("ik,nklc,jl->nijc", rows, images - base, columns, optimize=True)
    return np.clip(np.round(enlarged + base), 0, 255).astype(np.uint8)


def ground_of(images: np.ndarray) -> tuple[int, ...] | None:
    """The colour of most pixels at the edges of some images, or None where fewer than half have one colour.

    Args:
        images: uint8 `[N, H, W, C]`. Colours within 4 pixel levels of each other count as one.

    Returns:
        C pixel levels.

    Example:
        >>> ground_of(np.full((2, 8, 8, 3), 255, np.uint8))
        (255, 255, 255)
    """
    sides = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    pixels = np.concatenate([side.reshape(-1, images.shape[-1]) for side in sides]).astype(int)
    colours, counts = np.unique(pixels, axis=0, return_counts=True)
    most = colours[counts.argmax()]
    return tuple(most.tolist()) if (np.abs(pixels - most) <= ALIKE).all(axis=1).mean() >= MOST_EDGES else None
