"""A change of an image that follows the image's colours and nothing else, so that every outline stays."""

import numpy as np

RIDGE = 0.01 * 255.0**2  # squared levels: contrast below a tenth of the range is taken for texture
GROUND = 0.1  # share of an image in one colour exactly, from which on that is its ground
NEAR = 24.0  # levels around the ground's colour within which its own change counts


def follow_colours(images, change):
    """Makes each image's change a function of its colours: as near to it as one linear map can be.

    Noise of the change and outlines that the image hasn't got go. An image's ground, such as the white around a
    drawing, is no matter for compromise: it takes the median of the change on it.

    Args:
        images: `[N, H, W, C]`, levels 0..255.
        change: `[N, H, W, C]`, what is to be added, in levels.

    Returns:
        float64 `[N, H, W, C]`.

    Example:
        >>> image = np.arange(0, 256, 4.0).reshape(1, 8, 8, 1)
        >>> bool(np.abs(follow_colours(image, 0.5 * image) - 0.5 * image).max() < 10)
        True

    Reference:
        Least squares with a ridge, as in a window of He, Sun and Tang, Guided Image Filtering, 2013 (IEEE TPAMI 35).
    """
    followed = [_follow(image, wanted) for image, wanted in zip(_pixels(images), _pixels(change), strict=True)]
    return np.reshape(followed, np.shape(images))


def _pixels(images):
    """float64 `[N, H * W, C]`."""
    images = np.asarray(images, np.float64)
    return images.reshape(len(images), -1, images.shape[-1])


def _follow(colours, change):
    """The same for one image, `[pixels, C]`."""
    mean, mean_change = colours.mean(0), change.mean(0)
    centred = colours - mean
    spread = centred.T @ centred / len(colours) + RIDGE * np.eye(len(mean))
    slope = np.linalg.solve(spread, centred.T @ (change - mean_change) / len(colours))
    mapped = mean_change + centred @ slope
    kinds, kind, counts = np.unique(colours, axis=0, return_inverse=True, return_counts=True)
    most = counts.argmax()
    if counts[most] < GROUND * len(colours):
        return mapped
    on_ground = kind.ravel() == most
    missing = np.median(change[on_ground], axis=0) - mapped[on_ground][0]
    distance = np.sum((colours - kinds[most]) ** 2, axis=1, keepdims=True)
    return mapped + np.exp(-distance / (2 * NEAR**2)) * missing
