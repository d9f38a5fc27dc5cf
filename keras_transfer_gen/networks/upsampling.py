"""An image twice as large, then a convolution: in training with fewer than half the products, of the same result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from keras_transfer_gen.convolution import enlarge

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


# Both rows (or columns) that a pixel is repeated on meet a 3-tap kernel: what it gives to each of the 4 outputs around.
_TAPS = np.array([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], np.float32)
_TAPS_2D = np.kron(_TAPS, _TAPS)  # [4 x 4, 3 x 3]


def convolve_enlarged(conv: keras.layers.Layer, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
    """Nearest upsampling by two, then a 3 x 3 convolution.

    Neighbouring outputs see the same repeated pixels, so that nine taps on the enlarged map are four on the small one.
    In training these four are computed, as the adjoint of a 4 x 4 convolution with stride 2 whose kernel is made of the
    3 x 3 one; the weights, their gradients and the result stay those of resize and convolution, to rounding, at about
    half the time. In use, and so in what is exported, the two plain operators run.

    Args:
        conv: built `keras.layers.Conv2D` of kernel 3, stride 1, padding "same", without bias and activation.
        inputs: `[batch, H, W, in]`, in the computing type of the layer.
        training: whether this is a training step.

    Returns:
        `[batch, 2 H, 2 W, filters]`.

    Reference:
        Odena et al., Deconvolution and Checkerboard Artifacts, 2016 (doi:10.23915/distill.00003), for resizing first;
        Shi et al., Is the deconvolution layer the same as a convolutional layer?, 2016 (arXiv:1609.07009), for the sum.
    """
    if not training:
        size = (2 * inputs.shape[1], 2 * inputs.shape[2])
        return conv(ops.image.resize(inputs, size, interpolation="nearest"))
    return enlarge(inputs, _adjoint_kernel(ops.cast(conv.kernel, inputs.dtype)))


def _adjoint_kernel(kernel: tf.Tensor) -> tf.Tensor:
    """`[3, 3, in, out]` -> `[4, 4, out, in]`."""
    _, _, channels, filters = kernel.shape
    taps = ops.reshape(ops.transpose(kernel, (0, 1, 3, 2)), (9, filters * channels))
    return ops.reshape(ops.matmul(ops.cast(_TAPS_2D, kernel.dtype), taps), (4, 4, filters, channels))
