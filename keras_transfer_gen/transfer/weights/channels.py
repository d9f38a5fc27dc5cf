"""Convolution weights for RGB images changed to grey images, and back; arrays in, arrays out."""

from __future__ import annotations

import numpy as np


def change_inputs(kernel: np.ndarray, channels: int, axis: int = -2) -> np.ndarray:
    """A kernel that takes images with another number of channels, and gives the same result for every grey image.

    RGB to grey: the sum over the channels gives for a grey image what the old kernel gave for that image in RGB. Grey
    to RGB: a third of the kernel for each channel gives for a grey image in RGB what the old kernel gave for the image.

    Args:
        kernel: floating `[h, w, in, out]`, `in` being 1 or 3.
        channels: the new `in`, 3 or 1.
        axis: of `in`.

    Returns:
        float64 `[h, w, channels, out]`.

    Example:
        >>> change_inputs(np.ones((1, 1, 3, 2)), 1)
        array([[[[3., 3.]]]])
    """
    total = np.sum(np.asarray(kernel, np.float64), axis=axis, keepdims=True)
    return np.repeat(total / channels, channels, axis=axis)


def change_outputs(array: np.ndarray, channels: int, axis: int = -1) -> np.ndarray:
    """A kernel or bias that gives images with another number of channels.

    RGB to grey: the mean over the channels gives the mean of the three channels (before the activation; the same image
    where the old image was grey). Grey to RGB: the repeated kernel gives the same grey image in RGB.

    Args:
        array: floating kernel `[h, w, in, out]` or bias `[out]`, `out` being 1 or 3.
        channels: the new `out`, 3 or 1.
        axis: of `out`.

    Returns:
        float64 of the shape of `array`, with `channels` at `axis`.

    Example:
        >>> change_outputs(np.array([1.0, 2.0, 6.0]), 1)
        array([3.])
    """
    mean = np.mean(np.asarray(array, np.float64), axis=axis, keepdims=True)
    return np.repeat(mean, channels, axis=axis)


def changed_axis(shape: tuple[int, ...], wanted: tuple[int, ...]) -> int | None:
    """The only axis, counted from the end, in which two shapes differ, where one has 1 and the other 3; else None."""
    if len(shape) != len(wanted):
        return None
    axes = [axis for axis in range(-len(shape), 0) if shape[axis] != wanted[axis]]
    return axes[0] if len(axes) == 1 and {shape[axes[0]], wanted[axes[0]]} == {1, 3} else None
