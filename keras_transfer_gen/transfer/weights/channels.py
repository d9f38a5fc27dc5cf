"""Convolution weights from RGB images to grey ones and back; arrays in, arrays out."""

import numpy as np


def change_inputs(kernel, channels, axis=-2):
    """A kernel that reads images with another number of channels, and gives the same for every grey image.

    RGB to grey: the sum over the channels answers to a grey image as the old kernel did to that image in RGB. Grey
    to RGB: a third of the kernel for each channel answers to a grey image in RGB as the old one did to the image.

    Args:
        kernel: floating `[h, w, in, out]`, `in` being 1 or 3.
        channels: the new `in`, 3 or 1.
        axis: where `in` stands.

    Returns:
        float64 `[h, w, channels, out]`.

    Example:
        >>> change_inputs(np.ones((1, 1, 3, 2)), 1)
        array([[[[3., 3.]]]])
    """
    total = np.sum(np.asarray(kernel, np.float64), axis=axis, keepdims=True)
    return np.repeat(total / channels, channels, axis=axis)


def change_outputs(array, channels, axis=-1):
    """A kernel or bias that makes images with another number of channels.

    RGB to grey: the mean over the channels makes the mean of the three (before the activation; the same image where
    the old one was grey). Grey to RGB: repeated, it makes the same grey image in RGB.

    Args:
        array: floating kernel `[h, w, in, out]` or bias `[out]`, `out` being 1 or 3.
        channels: the new `out`, 3 or 1.
        axis: where `out` stands.

    Returns:
        float64, the shape of `array` but for `channels` at `axis`.

    Example:
        >>> change_outputs(np.array([1.0, 2.0, 6.0]), 1)
        array([3.])
    """
    mean = np.mean(np.asarray(array, np.float64), axis=axis, keepdims=True)
    return np.repeat(mean, channels, axis=axis)


def changed_axis(shape, wanted):
    """The one axis, counted from the end, in which two shapes differ by 1 against 3; None where it is otherwise."""
    if len(shape) != len(wanted):
        return None
    axes = [axis for axis in range(-len(shape), 0) if shape[axis] != wanted[axis]]
    return axes[0] if len(axes) == 1 and {shape[axes[0]], wanted[axes[0]]} == {1, 3} else None
