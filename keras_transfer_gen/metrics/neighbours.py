"""The nearest training image of each image, in features and in pixels, mirror images included. Exact."""

import dataclasses

import numpy as np
from scipy.spatial.distance import cdist

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.inputs import check_features, check_width

GRIDS = (4, 7, 8, 14, 16, 32)  # block means on these grids (those that divide the side) rule out most pairs of images
FIRST_LOOK = 4  # images compared in full before any is ruled out
ROUNDING = 1e-9  # bounds the relative error of a squared distance taken from lengths and products
CHUNK = 256  # rows at a time: bounds the memory


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """The nearest training image of each of N images.

    Args:
        index: int64 `[N]`, its place in the training set.
        distance: float64 `[N]`; Euclidean for features, mean absolute difference in grey levels for pixels.
        mirrored: bool `[N]`, True where the training image is nearest when flipped left to right. A tie goes to
            the image as it is.
    """

    index: np.ndarray
    distance: np.ndarray
    mirrored: np.ndarray


def nearest_in_features(train_features, features, mirrored_features=None):
    """The nearest training image of each image by Euclidean distance of features.

    Args:
        train_features: `[T, D]`.
        features: `[N, D]`, or None for the training set against itself, each image and its mirror image left out.
        mirrored_features: `[T, D]`, features of the flipped training images; None leaves them out.

    Returns:
        `Neighbours`.

    Raises:
        UserError: for shapes that don't belong together, numbers that are not finite, or fewer than 2 training
            images against themselves.

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
            hint = "Take the features of the same images, flipped."
            raise checks.user_error("mirrored_features.shape", f"{train.shape}", mirrored.shape, hint)
        pool = np.concatenate([train, mirrored])
    queries = train if alone else check_features("features", features, least=1)
    check_width("features", queries, train)
    place, distance = np.zeros(len(queries), np.int64), np.zeros(len(queries))
    lengths = (pool**2).sum(axis=1)
    for start in range(0, len(queries), CHUNK):
        part = queries[start : start + CHUNK]
        # |q|^2 + |p|^2 - 2 q p is quick but rounds: it picks the candidates, and their differences decide.
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
            place[row], distance[row] = candidates[exact.argmin()], exact.min()
    return Neighbours(place % len(train), distance, place >= len(train))


def nearest_in_pixels(train_images, images=None):
    """The nearest training image of each image, or its mirror image, by mean absolute difference in grey levels.

    The difference of block means is never above that of the pixels. So images whose block means differ by more than
    the best difference found so far are ruled out on ever finer grids, and few are compared in full.

    Args:
        train_images: uint8 `[T, H, W, C]`.
        images: uint8 `[N, H, W, C]`, or None for the training set against itself, each image and its mirror image
            left out.

    Returns:
        `Neighbours`; distances are means over height, width and channels, 0..255.

    Raises:
        UserError: for other dtypes, unequal sizes, or fewer than 2 training images against themselves.

    Example:
        >>> black = np.zeros((1, 8, 8, 3), np.uint8)
        >>> nearest_in_pixels(black, black + np.uint8(3)).distance
        array([3.])
    """
    alone = images is None
    train = check_uint8("train_images", train_images, least=2 if alone else 1)
    queries = train if alone else check_uint8("images", images, least=1)
    if queries.shape[1:] != train.shape[1:]:
        hint = "Resize one of the sets."
        raise checks.user_error("images.shape[1:]", f"{train.shape[1:]}, as in training", queries.shape[1:], hint)
    grids = [grid for grid in GRIDS if train.shape[1] % grid == 0 and train.shape[2] % grid == 0]
    train_means, query_means = ([block_means(rows, grid) for grid in grids] for rows in (train, queries))
    pools = [np.concatenate([means, means[:, :, ::-1]]).reshape(2 * len(train), -1) for means in train_means]
    query_means = [means.reshape(len(queries), -1) for means in query_means]
    place, distance = np.zeros(len(queries), np.int64), np.zeros(len(queries))
    for start in range(0, len(queries), CHUNK):
        rows = slice(start, start + CHUNK)
        shape = (len(queries[rows]), 2 * len(train))
        bounds = cdist(query_means[0][rows], pools[0], "cityblock") / pools[0].shape[1] if grids else np.zeros(shape)
        for row, bound in enumerate(bounds, start):
            if alone:
                bound[[row, len(train) + row]] = np.inf
            means = [(finer[row], pool) for finer, pool in zip(query_means[1:], pools[1:], strict=True)]
            place[row], distance[row] = search(queries[row], train, bound, means)
    return Neighbours(place % len(train), distance, place >= len(train))


def search(image, train, bound, means):
    """(place, distance) of the image nearest to `picture` among `train` and, after them, their mirror images.

    Args:
        image: uint8 `[H, W, C]`.
        train: uint8 `[T, H, W, C]`.
        bound: float64 `[2 T]`, at most the distance; infinite for those to leave out.
        means: pairs of block means on finer grids, of `picture` `[B]` and of the others `[2 T, B]`.
    """
    slack = 1e-3  # block means are float32: rounding must rule out nothing
    left = np.flatnonzero(np.isfinite(bound))
    bound, best = bound[left], np.inf
    for mean, pool in [(None, None), *means]:
        if pool is not None:
            bound = np.abs(pool[left] - mean).mean(axis=1)
        size = min(FIRST_LOOK, len(bound))
        likely = left[np.argpartition(bound, size - 1)[:size]]
        best = min(best, differences(image, train, likely).min())
        kept = bound <= best + slack
        left, bound = left[kept], bound[kept]
    exact = differences(image, train, left)
    nearest = int(exact.argmin())  # the first of equals: an image before its mirror image
    return left[nearest], exact[nearest]


def differences(image, train, places):
    """float64 `[P]`: mean absolute difference in grey levels to the images at `places`; from T on, mirrored ones."""
    result = np.zeros(len(places))
    flipped = image[:, ::-1]
    for start in range(0, len(places), CHUNK):
        part = places[start : start + CHUNK]
        # |image - mirror(other)| has the same mean as |mirror(image) - other|
        own = np.where((part < len(train))[:, None, None, None], image, flipped)
        other = train[part % len(train)]
        gaps = np.maximum(own, other) - np.minimum(own, other)  # in uint8, without overflow
        result[start : start + CHUNK] = gaps.reshape(len(part), -1).mean(axis=1, dtype=np.float64)
    return result


def block_means(images, grid):
    """float32 `[N, grid, grid, C]`: means of the blocks that a grid cuts the images into."""
    count, height, width, channels = images.shape
    result = np.zeros((count, grid, grid, channels), np.float32)
    for start in range(0, count, CHUNK):
        part = images[start : start + CHUNK]
        # Rows first, over long contiguous runs: much faster than both axes at once.
        rows = part.reshape(len(part), grid, height // grid, -1).sum(axis=2, dtype=np.float32)
        blocks = rows.reshape(len(part), grid, grid, width // grid, channels).sum(axis=3)
        result[start : start + CHUNK] = blocks * (grid * grid / (height * width))
    return result


def check_uint8(name, images, least):
    """`images` as an array, or a `UserError` where they are not uint8 `[N, H, W, C]` with N at least `least`."""
    array = np.asarray(images)
    if array.dtype != np.uint8 or array.ndim != 4 or len(array) < least or 0 in array.shape:
        expectation = f"uint8 [N, H, W, C], N at least {least}"
        raise checks.user_error(name, expectation, (array.dtype.name, array.shape), "Give more or other images.")
    return array
