"""Groups of images that are alike: a motif in several colours, a burst of photographs, mirror images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

if TYPE_CHECKING:
    from keras_transfer_gen.data.lazy_images import LazyImages

SIDE = 8  # of the thumbnails that are compared
MOST_DIFFERENCE = 10  # levels by which a pixel of two thumbnails of the same image may differ
PER_GROUP = 3  # images in a group, on average
MOST_IMAGES = 3000  # that are compared with each other; where there are more, each is a group of its own


def group_alike(images: np.ndarray | LazyImages, per_group: int = PER_GROUP) -> np.ndarray:
    """Groups of images whose thumbnails are alike, as they are or flipped left to right.

    Average linkage; the tree is cut where there are `per_group` images in a group on average.

    Args:
        images: uint8 `[N, S, S, C]`.
        per_group: mean size of a group, at least 1.

    Returns:
        int32 `[N]`, number of each image's group, from 0. Up to 3,000 images are compared; where there are more, each
        is a group of its own.

    Example:
        >>> black, white = np.zeros((2, 32, 32, 1), np.uint8), np.full((2, 32, 32, 1), 255, np.uint8)
        >>> group_alike(np.concatenate([black, white]), per_group=2).tolist()
        [0, 0, 1, 1]
    """
    count = len(images)
    groups = round(count / per_group)
    if count > MOST_IMAGES or groups < 2:
        return np.arange(count, dtype=np.int32)
    tree = linkage(squareform(_distances(_thumbnails(images)), checks=False), "average")
    clusters = fcluster(tree, groups, "maxclust")
    return np.unique(clusters, return_inverse=True)[1].astype(np.int32)


def near_identical(
    thumbnails: np.ndarray, areas: Sequence[int], most_difference: float = MOST_DIFFERENCE
) -> np.ndarray:
    """Images that are the same but for their size or compression.

    Args:
        thumbnails: uint8 `[N, s, s, C]`, small copies of the images, 16 pixels wide for the default difference.
        areas: int `[N]`, pixels of the originals: the largest one of each group is kept, the first of equals.
        most_difference: levels of 255 by which a pixel of the thumbnails may differ.

    Returns:
        int `[N]`: number of the image that stands for each one; its own where it is kept.

    Example:
        >>> near_identical(np.array([0, 3, 200], np.uint8).reshape(3, 1, 1, 1), [10, 20, 10]).tolist()
        [1, 1, 2]
    """
    flat = np.asarray(thumbnails, np.float32).reshape(len(thumbnails), -1)
    order = np.argsort(-np.asarray(areas), kind="stable")
    kept, count, stands_for = np.zeros(len(flat), np.int64), 0, np.arange(len(flat))
    means = flat.mean(axis=1)
    for number in order:
        others = kept[:count][np.abs(means[kept[:count]] - means[number]) <= most_difference]
        if len(others):
            differences = np.abs(flat[others] - flat[number]).max(axis=1)
            nearest = int(np.argmin(differences))
            if differences[nearest] <= most_difference:
                stands_for[number] = others[nearest]
                continue
        kept[count] = number
        count += 1
    return stands_for


def _thumbnails(images: np.ndarray | LazyImages) -> np.ndarray:
    """float32 `[N, side, side, C]`: means of tiles; the last rows and columns are left out where a tile doesn't fit."""
    images = np.asarray(images)
    tile = max(images.shape[1] // SIDE, 1)
    side = images.shape[1] // tile
    cut = images[:, : side * tile, : side * tile].astype(np.float32)
    return cut.reshape(len(cut), side, tile, side, tile, -1).mean((2, 4))


def _distances(thumbnails: np.ndarray) -> np.ndarray:
    """float64 `[N, N]`: Euclidean distance to the other one or to its mirror image, whichever is nearer."""
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float64)
    flipped = thumbnails[:, :, ::-1].reshape(len(thumbnails), -1).astype(np.float64)
    lengths = np.square(flat).sum(axis=1)
    product = np.maximum(flat @ flat.T, flat @ flipped.T)
    squares = np.maximum(lengths[:, None] + lengths[None] - 2.0 * product, 0.0)
    np.fill_diagonal(squares, 0.0)
    return np.sqrt(np.maximum(squares, squares.T))
