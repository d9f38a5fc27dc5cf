"""Convolutions whose gradients are computed by faster kernels than TensorFlow's, on processors where those are slow.

Without AVX-512 and without oneDNN, TensorFlow's gradients of a convolution take up to 4 times as long as the
convolution itself, though they have as many products. Here each gradient is written as what is fast: a convolution with
the turned kernel, or a matrix product of shifted maps. Results are the same to rounding; second derivatives, as in R1,
too. Where oneDNN computes, as it does in `ktg`, its own gradients are faster than these.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from keras_transfer_gen.native_kernels import has_avx2_alone, uses_onednn
from keras_transfer_gen.protocols import MultiNetwork

_STATE = threading.local()  # each replica of a strategy traces its step in a thread of its own

FEW_FILTERS = 4  # at most: a convolution to an image
SMALL_MAP = 16  # places at most
MARGIN = [[0, 0], [1, 1], [1, 1], [0, 0]]


@functools.cache
def are_faster_here() -> bool:
    """Whether this machine computes on a processor for which the gradients of this file are faster (bool)."""
    return has_avx2_alone() and not uses_onednn() and not tf.config.list_physical_devices("GPU")


@contextlib.contextmanager
def fast_gradients(enabled: bool | None = None) -> Iterator[None]:
    """Within it, convolutions are computed by this file; a training step is traced within it.

    Args:
        enabled: None asks `are_faster_here`.
    """
    before = _are_used()
    _STATE.used = are_faster_here() if enabled is None else enabled
    try:
        yield
    finally:
        _STATE.used = before


def _are_used() -> bool:
    return getattr(_STATE, "used", False)


def use_in_layers(model: keras.Model) -> None:
    """Lets every 2D convolution of a model use this file within `fast_gradients`.

    It belongs to the objects and is not saved: call this again after loading a model. Calling it twice changes nothing.

    Args:
        model: a `GAN`, a `VAE` or any Keras model.
    """
    networks = model.roles.values() if isinstance(model, MultiNetwork) else [model]
    for layer in (layer for network in networks for layer in network._flatten_layers()):
        if type(layer) is keras.layers.Conv2D and not isinstance(layer.convolution_op, _LayerConvolution):
            layer.convolution_op = _LayerConvolution(layer)


class _LayerConvolution:
    """The `convolution_op` of one `keras.layers.Conv2D`."""

    def __init__(self, layer: keras.layers.Conv2D) -> None:
        self.layer = layer
        self.original = layer.convolution_op

    def __call__(self, inputs: tf.Tensor, kernel: Any) -> tf.Tensor:
        layer = self.layer
        plain = layer.padding == "same" and layer.data_format == "channels_last" and layer.groups == 1
        if plain and layer.dilation_rate == (1, 1) and layer.strides in ((1, 1), (2, 2)) and _are_used():
            return convolve(inputs, tf.convert_to_tensor(kernel), layer.strides[0])
        return self.original(inputs, kernel)


def convolve(images: tf.Tensor, kernel: tf.Tensor, stride: int = 1) -> tf.Tensor:
    """`tf.nn.conv2d(images, kernel, stride, "SAME")`.

    Args:
        images: `[batch, H, W, in]`.
        kernel: `[size, size, in, out]`.
        stride: 1 or 2.

    Returns:
        `[batch, H / stride, W / stride, out]`.
    """
    if not _is_known(images, kernel, stride):
        return tf.nn.conv2d(images, kernel, stride, "SAME")
    _, height, width, _ = images.shape

    @tf.custom_gradient
    def function(images: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
        def gradients(answers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # Where a conditional is differentiated, the shape of a gradient is not known by itself.
            answers = tf.ensure_shape(answers, (None, height // stride, width // stride, kernel.shape[3]))
            return turned(answers, kernel, stride), kernel_gradient(images, answers, stride, kernel.shape[0])

        return tf.nn.conv2d(images, kernel, stride, "SAME"), gradients

    return function(images, kernel)


def turned(answers: tf.Tensor, kernel: tf.Tensor, stride: int = 1) -> tf.Tensor:
    """The adjoint of `convolve` in its images: `tf.nn.conv2d_transpose(answers, kernel, ..., stride, "SAME")`.

    Args:
        answers: `[batch, H, W, out]`.
        kernel: `[size, size, in, out]`.
        stride: 1 or 2.

    Returns:
        `[batch, H * stride, W * stride, in]`.
    """
    if not _is_known(answers, kernel, stride, turned=True):
        return _plain_turned(answers, kernel, stride)
    _, height, width, _ = answers.shape

    @tf.custom_gradient
    def function(answers: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
        def gradients(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            images = tf.ensure_shape(images, (None, height * stride, width * stride, kernel.shape[2]))
            return convolve(images, kernel, stride), kernel_gradient(images, answers, stride, kernel.shape[0])

        return _turned(answers, kernel, stride), gradients

    return function(answers, kernel)


def shrink(images: tf.Tensor, kernel: tf.Tensor, stride: int = 1) -> tf.Tensor:
    """`convolve` within `fast_gradients`, else TensorFlow's convolution with padding "SAME"."""
    return convolve(images, kernel, stride) if _are_used() else tf.nn.conv2d(images, kernel, stride, "SAME")


def enlarge(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """`turned` with stride 2 within `fast_gradients`, else TensorFlow's transposed convolution."""
    return turned(images, kernel, 2) if _are_used() else _plain_turned(images, kernel, 2)


def _is_known(maps: tf.Tensor, kernel: tf.Tensor, stride: int, turned: bool = False) -> bool:
    """Whether the shapes are ones that this file was written for."""
    height, width = maps.shape[1:3]
    known = height is not None and width is not None and maps.dtype == tf.float32 and kernel.shape.is_fully_defined()
    if not known or kernel.shape[0] != kernel.shape[1]:
        return False
    if stride == 1:
        return kernel.shape[0] == 3
    return kernel.shape[0] == 4 and (turned or (height % 2 == 0 and width % 2 == 0))


def _plain_turned(answers: tf.Tensor, kernel: tf.Tensor, stride: int) -> tf.Tensor:
    height, width = answers.shape[1:3]
    shape = (tf.shape(answers)[0], stride * height, stride * width, kernel.shape[2])
    return tf.nn.conv2d_transpose(answers, kernel, shape, stride, "SAME")


def _turned(answers: tf.Tensor, kernel: tf.Tensor, stride: int) -> tf.Tensor:
    _, _, channels, filters = kernel.shape
    height, width = answers.shape[1:3]
    if stride == 2:
        if height * width <= SMALL_MAP and filters >= 128:
            return _folded(answers, kernel)
        return _plain_turned(answers, kernel, stride)
    if filters <= FEW_FILTERS:
        taps = tf.reshape(tf.linalg.matrix_transpose(kernel), (9 * filters, channels))
        images = tf.matmul(tf.reshape(_neighbours(answers), (-1, 9 * filters)), taps)
        return tf.reshape(images, (-1, height, width, channels))
    # Reversed as one axis of nine: along two axes it takes longer than the convolution.
    taps = tf.linalg.matrix_transpose(tf.reverse(tf.reshape(kernel, (9, channels, filters)), [0]))
    return convolve(answers, tf.reshape(taps, (3, 3, filters, channels)))


def _folded(answers: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """`turned` with stride 2: one matrix product, whose 16 taps are added where they meet."""
    _, _, channels, filters = kernel.shape
    height, width = answers.shape[1:3]
    columns = tf.matmul(tf.reshape(answers, (-1, filters)), tf.reshape(kernel, (-1, filters)), transpose_b=True)
    # Row 2 r + a and column 2 s + b of the kernel.
    columns = tf.reshape(columns, (-1, height, width, 2, 2, 2, 2, channels))
    parts = []
    for r in (0, 1):
        for s in (0, 1):
            part = tf.transpose(columns[:, :, :, r, :, s], (0, 1, 3, 2, 4, 5))
            parts.append(tf.pad(part, [[0, 0], [r, 1 - r], [0, 0], [s, 1 - s], [0, 0], [0, 0]]))
    total = tf.reshape(tf.add_n(parts), (-1, 2 * height + 2, 2 * width + 2, channels))
    return total[:, 1:-1, 1:-1]


def kernel_gradient(images: tf.Tensor, answers: tf.Tensor, stride: int, size: int) -> tf.Tensor:
    """The gradient of `convolve` in its kernel: `[size, size, in, out]`, where its result has the gradient `answers`.

    Args:
        images: `[batch, H, W, in]`.
        answers: `[batch, H / stride, W / stride, out]`.
        stride: 1 or 2.
        size: 3 for stride 1, 4 for stride 2.
    """
    channels, filters = images.shape[3], answers.shape[3]
    if stride == 1 and filters <= FEW_FILTERS:
        neighbours = tf.reshape(_neighbours(answers), (-1, 9 * filters))
        taps = tf.matmul(neighbours, tf.reshape(images, (-1, channels)), transpose_a=True)
        return tf.linalg.matrix_transpose(tf.reshape(taps, (3, 3, filters, channels)))
    if stride == 2 and channels >= 8 and filters <= 128:
        return _products_of_blocks(images, answers)
    return tf.raw_ops.Conv2DBackpropFilter(
        input=images, filter_sizes=[size, size, channels, filters], out_backprop=answers,
        strides=[1, stride, stride, 1], padding="SAME",
    )  # fmt: skip


def _neighbours(answers: tf.Tensor) -> tf.Tensor:
    """`[batch, H, W, 9 * channels]`: what a 3 x 3 kernel, tap by tap, gave each place to."""
    height, width = answers.shape[1:3]
    wide = tf.pad(answers, MARGIN)
    return tf.concat(
        [wide[:, 2 - a : 2 - a + height, 2 - b : 2 - b + width] for a in range(3) for b in range(3)], axis=-1
    )


def _products_of_blocks(images: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
    """`kernel_gradient` with stride 2: blocks of 2 x 2 pixels become channels, then one matrix product each."""
    channels, filters = images.shape[3], answers.shape[3]
    height, width = answers.shape[1:3]
    blocks = tf.nn.space_to_depth(tf.pad(images, MARGIN), 2)
    rows = tf.reshape(answers, (-1, filters))
    products = [
        tf.matmul(rows, tf.reshape(blocks[:, r : r + height, s : s + width], (-1, 4 * channels)), transpose_a=True)
        for r in (0, 1)
        for s in (0, 1)
    ]
    taps = tf.reshape(tf.stack(products), (2, 2, filters, 2, 2, channels))
    return tf.reshape(tf.transpose(taps, (0, 3, 1, 4, 5, 2)), (4, 4, channels, filters))
