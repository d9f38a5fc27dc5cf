"""The first blocks of EfficientNet-Lite1, trained on photographs: what a discriminator may look through."""

import functools

import tensorflow as tf

from keras_transfer_gen.shipped_weights import read_weights

NAME = "efficientnet_lite1"
STRIDES = (1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1)  # of the depthwise convolution of each block
TAPS = (3, 6, 10, 14)  # the last block of a stage: maps 1/4, 1/8, 1/16 and 1/16 as large as the image
STRIDE = (4, 8, 16, 16)
CHANNELS = (24, 40, 80, 112)
MEAN, SCALE = 127.0, 128.0  # of the levels 0 to 255


@functools.lru_cache(maxsize=1)
def shipped_arrays():
    """The network's arrays by name, read once."""
    return read_weights(NAME)


def look(images):
    """What the network sees in images, at four depths.

    Its weights are constants: nothing is to be trained, saved or mirrored over devices.

    Args:
        images: float32 `[batch, H, W, 3]` in [-1, 1].

    Returns:
        list of float32 `[batch, ceil(H / STRIDE), ceil(W / STRIDE), CHANNELS]`, one for each of `TAPS`, standardised:
        each channel has about mean 0 and deviation 1 on photographs.

    Reference:
        Tan and Le, EfficientNet, 2019 (arXiv:1905.11946); the Lite family has ReLU6 and no squeeze-and-excite.
    """
    arrays, maps = shipped_arrays(), []
    x = ((tf.cast(images, tf.float32) + 1.0) * 127.5 - MEAN) / SCALE
    x = tf.nn.relu6(_convolve(x, arrays, "stem", 2))
    for block, stride in enumerate(STRIDES):
        name, y = f"block{block}", x
        if f"{name}_expand/kernel" in arrays:
            y = tf.nn.relu6(_convolve(y, arrays, f"{name}_expand"))
        kernel, bias = arrays[f"{name}_depthwise/kernel"], arrays[f"{name}_depthwise/bias"]
        y = tf.nn.depthwise_conv2d(y, kernel, (1, stride, stride, 1), "SAME")
        y = _convolve(tf.nn.relu6(tf.nn.bias_add(y, bias)), arrays, f"{name}_project")
        x = x + y if x.shape[1:] == y.shape[1:] else y
        if block in TAPS:
            maps.append((x - arrays[f"tap{block}/mean"]) / arrays[f"tap{block}/deviation"])
    return maps


def _convolve(x, arrays, name, stride=1):
    return tf.nn.bias_add(tf.nn.conv2d(x, arrays[f"{name}/kernel"], stride, "SAME"), arrays[f"{name}/bias"])
