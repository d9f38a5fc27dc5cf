import numpy as np

from keras_transfer_gen.networks.heads import efficientnet_lite
from keras_transfer_gen.networks.heads.efficientnet_lite import CHANNELS, STRIDE, STRIDES, TAPS, look, shipped_arrays


def slow_convolution(x, kernel, bias, stride=1, depthwise=False):
    """float64 `[H, W, C]`, padded as TensorFlow's SAME: the odd row or column is added below and to the right."""
    size = kernel.shape[0]
    need = [max((-(-n // stride) - 1) * stride + size - n, 0) for n in x.shape[:2]]
    padded = np.pad(x, [*((n // 2, n - n // 2) for n in need), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(0, 1))[::stride, ::stride]
    equation = "hwcij,ijcx->hwc" if depthwise else "hwcij,ijcx->hwx"
    return np.einsum(equation, windows, kernel.astype(np.float64), optimize=True) + bias


def slow_maps(image, arrays):
    """The maps of one image by NumPy alone; residuals where the block is not the first of its stage."""

    def layer(x, name, stride=1, depthwise=False, activate=True):
        y = slow_convolution(x, arrays[f"{name}/kernel"], arrays[f"{name}/bias"], stride, depthwise)
        return np.clip(y, 0, 6) if activate else y

    x, maps = layer(((image.astype(np.float64) + 1) * 127.5 - 127) / 128, "stem", 2), []
    firsts = (0, 1, 4, 7, 11)
    for block, stride in enumerate(STRIDES):
        y = layer(x, f"block{block}_expand") if block else x
        y = layer(y, f"block{block}_depthwise", stride, depthwise=True)
        y = layer(y, f"block{block}_project", activate=False)
        x = y if block in firsts else x + y
        if block in TAPS:
            maps.append((x - arrays[f"tap{block}/mean"]) / arrays[f"tap{block}/deviation"])
    return maps


def test_maps_equal_those_of_a_network_written_in_numpy():
    images = np.random.default_rng(0).uniform(-1, 1, (2, 40, 40, 3)).astype(np.float32)
    expected = zip(*(slow_maps(image, shipped_arrays()) for image in images), strict=True)
    for found, wanted in zip(look(images), expected, strict=True):
        np.testing.assert_allclose(found, np.stack(wanted), atol=2e-4)


def test_maps_have_the_sizes_that_are_named():
    maps = look(np.zeros((1, 96, 64, 3), np.float32))
    assert [tuple(map_.shape) for map_ in maps] == [
        (1, 96 // stride, 64 // stride, channels) for stride, channels in zip(STRIDE, CHANNELS, strict=True)
    ]


def test_channels_are_about_standardised_on_images():
    """Smooth noise stands for photographs: most channels are within a factor of 3 of mean 0 and deviation 1."""
    noise = np.random.default_rng(1).normal(size=(8, 12, 12, 3)).astype(np.float32)
    images = np.clip(noise.repeat(8, axis=1).repeat(8, axis=2) * 0.4, -1, 1)
    for map_ in look(images):
        size = np.sqrt(np.mean(np.square(map_), axis=(0, 1, 2)))
        assert 1 / 3 < np.median(size) < 3


def test_weights_are_read_once():
    assert shipped_arrays() is efficientnet_lite.shipped_arrays()
    assert sum(value.size for value in shipped_arrays().values()) == 978_384
