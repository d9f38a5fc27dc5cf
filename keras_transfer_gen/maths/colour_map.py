"""A change of an image as a function of its colours alone, so that all outlines stay."""

from __future__ import annotations

import numpy as np

RIDGE = 0.01 * 255.0**2  # squared levels: contrast below a tenth of the range counts as texture
GROUND = 0.1  # share of an image: a single colour that has at least this share is its ground
NEAR = 24.0  # levels: colours this near to the ground's are changed with it


def follow_colours(images: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Fits a linear function of an image's colours to the change of the image, and returns its values.

    This removes noise from the change, and outlines that the image doesn't have. The ground of an image, such as the
    white around a drawing, gets the median of the change there.

    Args:
        images: `[N, H, W, C]`, levels 0..255.
        change: `[N, H, W, C]`, in levels; what would be added to the images.

    Returns:
        float64 `[N, H, W, C]`, in levels.

    Example:
        >>> image = np.arange(0, 256, 4.0).reshape(1, 8, 8, 1)
        >>> bool(np.abs(follow_colours(image, 0.5 * image) - 0.5 * image).max() < 10)
        True

    Reference:
        Least squares with a ridge, as in a window of He, Sun and Tang, Guided Image Filtering, 2013 (IEEE TPAMI 35).
    """
    fitted = [_fit_change(*pair) for pair in zip(_pixels(images), _pixels(change), strict=True)]
    return np.reshape(fitted, np.shape(images))


def _pixels(images: np.ndarray) -> np.ndarray:
    """float64 `[N, H * W, C]`."""
    images = np.asarray(images, np.float64)
    return images.reshape(len(images), -1, images.shape[-1])


def _fit_change(colours: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The fitted change of one image; both `[pixels, C]`."""
    mean, mean_change = colours.mean(0), change.mean(0)
    centred = colours - mean
    spread = centred.T @ centred / len(colours) + RIDGE * np.eye(len(mean))
    slope = np.linalg.solve(spread, centred.T @ (change - mean_change) / len(colours))
    mapped = mean_change + centred @ slope
    different, number, counts = np.unique(colours, axis=0, return_inverse=True, return_counts=True)
    most = counts.argmax()
    if counts[most] < GROUND * len(colours):
        return mapped
    on_ground = number.ravel() == most
    missing = np.median(change[on_ground], axis=0) - mapped[on_ground][0]
    distance = np.sum((colours - different[most]) ** 2, axis=1, keepdims=True)
    return mapped + np.exp(-distance / (2 * NEAR**2)) * missing
