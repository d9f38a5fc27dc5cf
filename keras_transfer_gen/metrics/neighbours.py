"""The nearest training image of each image, in features and in pixels, with mirror images. Exact."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.spatial.distance import cdist

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.inputs import check_features, check_uint8_images, check_width

GRIDS = (4, 7, 8, 14, 16, 32)  # blocks on a side: block means rule out most pairs; used where they divide the side
FIRST_COMPARED = 4  # images that are compared in full before any is ruled out
ROUNDING = 1e-9  # at most the relative error of a squared distance that is computed from lengths and products
CHUNK = 256  # rows at a time, to limit the memory


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """The nearest training image of each of N images.

    Args:
        index: int64 `[N]`, its index in the training set.
        distance: float64 `[N]`; Euclidean for features, mean absolute difference in grey levels for pixels.
        mirrored: bool `[N]`, True where the training image flipped left to right is nearer than the image itself.
    """

    index: np.ndarray
    distance: np.ndarray
    mirrored: np.ndarray


def nearest_in_features(
    train_features: np.ndarray, features: np.ndarray | None, mirrored_features: np.ndarray | None = None
) -> Neighbours:
    """The nearest training image of each image by Euclidean distance of features.

    Args:
        train_features: `[T, D]`.
        features: `[N, D]`, or None for the training set itself, without each image and its own mirror image.
        mirrored_features: `[T, D]`, features of the flipped training images, or None.

    Returns:
        `Neighbours`.

    Raises:
        UserError: for shapes that don't fit each other, numbers that are not finite, or fewer than 2 training images
            compared with themselves.

    Example:
        >>> nearest_in_features([[0.0], [5.0]], [[4.0]]).index
        array([1])
    """
    alone = features is None
    train = check_features("train_features", train_features, least=2 if alone else 1)
    pool = train
    if mirrored_features is not None:
        mirrored = check_features("mirrored_features", mirrored_features, least=1)
        if mirrored.shape != train.shape:
            hint = "Extract the features of the same images, flipped."
            raise checks.user_error("mirrored_features.shape", f"{train.shape}", mirrored.shape, hint)
        pool = np.concatenate([train, mirrored])
    queries = train if alone else check_features("features", features, least=1)
    check_width("features", queries, train)
    index, distance = np.zeros(len(queries), np.int64), np.zeros(len(queries))
    lengths = (pool**2).sum(axis=1)
    for start in range(0, len(queries), CHUNK):
        part = queries[start : start + CHUNK]
        # |q|^2 + |p|^2 - 2 q p is quick but inexact: it selects candidates, which are then compared exactly.
        rough = (part**2).sum(axis=1)[:, None] + lengths - 2 * part @ pool.T
        if alone:
            rows = np.arange(len(part))
            rough[rows, start + rows] = np.inf
            if mirrored_features is not None:
                rough[rows, len(train) + start + rows] = np.inf
        slack = ROUNDING * ((part**2).sum(axis=1) + lengths.max())
        for row, (query, gaps) in enumerate(zip(part, rough, strict=True), start):
            candidates = np.flatnonzero(gaps <= gaps.min() + slack[row - start])
            exact = np.linalg.norm(pool[candidates] - query, axis=1)
            index[row], distance[row] = candidates[exact.argmin()], exact.min()
    return Neighbours(index % len(train), distance, index >= len(train))


def nearest_in_pixels(train_images: np.ndarray, images: np.ndarray | None = None) -> Neighbours:
    """The nearest training image of each image, or its mirror image, by mean absolute difference in grey levels.

    The difference of block means is never larger than that of the pixels. So images whose block means differ by more
    than the smallest difference so far are ruled out, on finer and finer grids, and few are compared in full.

    Args:
        train_images: uint8 `[T, H, W, C]`.
        images: uint8 `[N, H, W, C]`, or None for the training set itself, without each image and its own mirror image.

    Returns:
        `Neighbours`; distances are means over height, width and channels, 0..255.

    Raises:
        UserError: for other dtypes, unequal sizes, or fewer than 2 training images compared with themselves.

    Example:
        >>> black = np.zeros((1, 8, 8, 3), np.uint8)
        >>> nearest_in_pixels(black, black + np.uint8(3)).distance
        array([3.])
    """
    alone = images is None
    train = check_uint8_images("train_images", train_images, least=2 if alone else 1)
    queries = train if alone else check_uint8_images("images", images)
    if queries.shape[1:] != train.shape[1:]:
        expected = f"{train.shape[1:]}, as of the training images"
        raise checks.user_error("images.shape[1:]", expected, queries.shape[1:], "Resize one of the sets.")
    grids = [grid for grid in GRIDS if train.shape[1] % grid == 0 and train.shape[2] % grid == 0]
    train_means, query_means = ([block_means(rows, grid) for grid in grids] for rows in (train, queries))
    pools = [np.concatenate([means, means[:, :, ::-1]]).reshape(2 * len(train), -1) for means in train_means]
    query_means = [means.reshape(len(queries), -1) for means in query_means]
    index, distance = np.zeros(len(queries), np.int64), np.zeros(len(queries))
    for start in range(0, len(queries), CHUNK):
        rows = slice(start, start + CHUNK)
        shape = (len(queries[rows]), 2 * len(train))
        bounds = cdist(query_means[0][rows], pools[0], "cityblock") / pools[0].shape[1] if grids else np.zeros(shape)
        for row, bound in enumerate(bounds, start):
            if alone:
                bound[[row, len(train) + row]] = np.inf
            means = [(finer[row], pool) for finer, pool in zip(query_means[1:], pools[1:], strict=True)]
            index[row], distance[row] = nearest_image(queries[row], train, bound, means)
    return Neighbours(index % len(train), distance, index >= len(train))


def nearest_image(
    image: np.ndarray, train: np.ndarray, bound: np.ndarray, means: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[int, float]:
    """(index, distance) of the image nearest to `image` among `train` and, from T on, their mirror images.

    Args:
        image: uint8 `[H, W, C]`.
        train: uint8 `[T, H, W, C]`.
        bound: float64 `[2 T]`, at most the distance; infinite for images to leave out.
        means: pairs of block means on finer grids, of `image` `[B]` and of the others `[2 T, B]`.
    """
    slack = 1e-3  # block means are float32: rounding must rule out nothing
    left = np.flatnonzero(np.isfinite(bound))
    bound, best = bound[left], np.inf
    for mean, pool in [(None, None), *means]:
        if pool is not None:
            bound = np.abs(pool[left] - mean).mean(axis=1)
        size = min(FIRST_COMPARED, len(bound))
        likely = left[np.argpartition(bound, size - 1)[:size]]
        best = min(best, mean_differences(image, train, likely).min())
        kept = bound <= best + slack
        left, bound = left[kept], bound[kept]
    exact = mean_differences(image, train, left)
    nearest = int(exact.argmin())  # the first of equal ones: an image before its mirror image
    return left[nearest], exact[nearest]


def mean_differences(image: np.ndarray, train: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """float64 `[P]`: mean absolute difference in grey levels to the images `indices`; from T on to mirror images."""
    result = np.zeros(len(indices))
    flipped = image[:, ::-1]
    for start in range(0, len(indices), CHUNK):
        part = indices[start : start + CHUNK]
        # |image - mirror(other)| has the same mean as |mirror(image) - other|
        own = np.where((part < len(train))[:, None, None, None], image, flipped)
        other = train[part % len(train)]
        gaps = np.maximum(own, other) - np.minimum(own, other)  # in uint8, without overflow
        result[start : start + CHUNK] = gaps.reshape(len(part), -1).mean(axis=1, dtype=np.float64)
    return result


def block_means(images: np.ndarray, grid: int) -> np.ndarray:
    """float32 `[N, grid, grid, C]`: means of the `grid` x `grid` blocks of each image."""
    count, height, width, channels = images.shape
    result = np.zeros((count, grid, grid, channels), np.float32)
    for start in range(0, count, CHUNK):
        part = images[start : start + CHUNK]
        # Rows first, over long contiguous runs: much faster than both axes at once.
        rows = part.reshape(len(part), grid, height // grid, -1).sum(axis=2, dtype=np.float32)
        blocks = rows.reshape(len(part), grid, grid, width // grid, channels).sum(axis=3)
        result[start : start + CHUNK] = blocks * (grid * grid / (height * width))
    return result
