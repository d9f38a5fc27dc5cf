import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.efficientnet_lite import (
    LITE0,
    LITE1,
    TAP_CHANNELS,
    TAP_STRIDES,
    TAPS,
    ConstantWeights,
    KerasLayers,
    feature_maps,
    lite1_arrays,
    stage_outputs,
)
from keras_transfer_gen.shipped_weights import read_shipped_weights


def slow_convolution(x, kernel, bias, stride, depthwise, symmetric):
    """float64 `[H, W, C]`, padded as TensorFlow's SAME: the odd row or column is added below and to the right."""
    size = kernel.shape[0]
    need = [max((-(-n // stride) - 1) * stride + size - n, 0) for n in x.shape[:2]]
    pads = [(-(-n // 2), n // 2) if symmetric else (n // 2, n - n // 2) for n in need]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, [*pads, (0, 0)]), (size, size), axis=(0, 1))
    equation = "hwcij,ijcx->hwc" if depthwise else "hwcij,ijcx->hwx"
    return np.einsum(equation, windows[::stride, ::stride], kernel.astype(np.float64), optimize=True) + bias


def slow_stages(x, strides, arrays, symmetric=False):
    """Outputs of the stages for one normalised image by NumPy alone; `strides`: for each stage those of its blocks."""

    def layer(x, name, stride=1, depthwise=False, activate=True):
        kernel, bias = arrays[f"{name}/kernel"], arrays[f"{name}/bias"]
        y = slow_convolution(x, kernel, bias, stride, depthwise, symmetric)
        return np.clip(y, 0, 6) if activate else y

    x, outputs, block = layer(x.astype(np.float64), "stem", 2), [], 0
    for stage in strides:
        for number, stride in enumerate(stage):
            y = layer(x, f"block{block}_expand") if block else x
            y = layer(y, f"block{block}_depthwise", stride, depthwise=True)
            y = layer(y, f"block{block}_project", activate=False)
            x = x + y if number else y
            block += 1
        outputs.append(x)
    return outputs


STRIDES = {
    "efficientnet_lite0": [[1], [2, 1], [2, 1], [2, 1, 1], [1, 1, 1], [2, 1, 1, 1], [1]],
    "efficientnet_lite1": [[1], [2, 1, 1], [2, 1, 1], [2, 1, 1, 1], [1, 1, 1, 1]],
}
# Of the image below, from the code of version 0.1: one number, mean and deviation of each map.
RECORDED = [
    [0.0137960, 0.1306782, 0.9712690],
    [0.7929766, -0.0752842, 1.2382064],
    [0.9284676, -0.0224025, 1.2272214],
    [-0.7629794, -0.1437406, 0.9732816],
]
IMAGE = np.random.default_rng(0).uniform(-1, 1, (1, 40, 56, 3)).astype(np.float32)


@pytest.mark.parametrize("variant", [LITE0, LITE1], ids=lambda variant: variant.name)
def test_stages_equal_those_of_a_network_written_in_numpy(variant):
    arrays = read_shipped_weights(variant.name)
    outputs = stage_outputs(tf.constant(IMAGE), variant, ConstantWeights(arrays))
    expected = slow_stages(IMAGE[0], STRIDES[variant.name], arrays)
    for output, wanted in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(output[0], wanted, atol=2e-4 * np.abs(wanted).max())
    wrong = slow_stages(IMAGE[0], STRIDES[variant.name], arrays, symmetric=True)  # the padding of other libraries
    assert np.abs(wrong[-1] - expected[-1]).max() > 0.1


def test_keras_layers_compute_the_same_with_the_same_weights():
    """The same of `LITE0` is tested with its head, in tests/metrics/test_feature_network.py."""
    image = keras.Input((40, 56, 3))
    model = keras.Model(image, stage_outputs(image, LITE1, KerasLayers()))
    arrays = lite1_arrays()
    for layer in model.layers:
        for variable in layer.weights:
            assert not np.any(variable)  # zero until they are loaded
            variable.assign(arrays[f"{layer.name}/{variable.name}"])
    constant = stage_outputs(tf.constant(IMAGE), LITE1, ConstantWeights(arrays))
    for output, wanted in zip(model(IMAGE), constant, strict=True):
        np.testing.assert_allclose(output, wanted, atol=1e-4)


def test_last_blocks_are_counted_from_the_first_stage():
    assert LITE0.last_blocks == (0, 2, 4, 7, 10, 14, 15)
    assert LITE1.last_blocks == (0, 3, 6, 10, 14) and TAPS == (3, 6, 10, 14)


def test_feature_maps_are_stage_outputs_of_levels_standardised():
    arrays = lite1_arrays()
    normalised = ((IMAGE + 1) * 127.5 - 127) / 128
    outputs = stage_outputs(tf.constant(normalised), LITE1, ConstantWeights(arrays))[1:]
    for maps, tap, output in zip(feature_maps(IMAGE), TAPS, outputs, strict=True):
        wanted = (output - arrays[f"tap{tap}/mean"]) / arrays[f"tap{tap}/deviation"]
        np.testing.assert_allclose(maps, wanted, atol=1e-4)


def test_feature_maps_of_a_fixed_image_are_those_of_version_0_1():
    rows, columns = np.mgrid[:64, :64]
    image = np.stack([columns / 32 - 1, rows / 32 - 1, 1 - (rows + columns) / 64], axis=-1).astype(np.float32)[None]
    numbers = [[float(maps[0, 1, 2, 3]), float(np.mean(maps)), float(np.std(maps))] for maps in feature_maps(image)]
    np.testing.assert_allclose(numbers, RECORDED, atol=1e-5)


def test_feature_maps_have_the_sizes_that_are_named():
    maps = feature_maps(np.zeros((1, 96, 64, 3), np.float32))
    assert [tuple(each.shape) for each in maps] == [
        (1, 96 // stride, 64 // stride, channels) for stride, channels in zip(TAP_STRIDES, TAP_CHANNELS, strict=True)
    ]


def test_channels_are_about_standardised_on_images():
    """Smooth noise stands for photographs: most channels are within a factor of 3 of mean 0 and deviation 1."""
    noise = np.random.default_rng(1).normal(size=(8, 12, 12, 3)).astype(np.float32)
    images = np.clip(noise.repeat(8, axis=1).repeat(8, axis=2) * 0.4, -1, 1)
    for maps in feature_maps(images):
        size = np.sqrt(np.mean(np.square(maps), axis=(0, 1, 2)))
        assert 1 / 3 < np.median(size) < 3


def test_weights_are_read_once():
    assert lite1_arrays() is lite1_arrays()
    assert sum(value.size for value in lite1_arrays().values()) == 978_384
