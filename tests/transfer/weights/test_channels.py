import keras
import numpy as np
import pytest

from keras_transfer_gen.transfer.weights.channels import change_inputs, change_outputs, changed_axis

RNG = np.random.default_rng(0)
GREY = RNG.standard_normal((2, 6, 6, 1))


def random(*shape):
    return RNG.standard_normal(shape).astype("float32")


def correlate(images, kernel):
    """A convolution without padding, in float64."""
    height, width = kernel.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(images, (height, width), axis=(1, 2))
    return np.einsum("nyxchw,hwco->nyxo", windows, kernel.astype("float64"))


def test_rgb_kernel_made_grey_answers_to_grey_images_as_before():
    kernel = random(3, 3, 3, 5)
    grey = change_inputs(kernel, 1)
    assert grey.shape == (3, 3, 1, 5)
    expected = correlate(np.repeat(GREY, 3, axis=-1), kernel)
    np.testing.assert_allclose(correlate(GREY, grey), expected, rtol=1e-12, atol=1e-12)
    # the wrong variant, the mean, answers with a third
    np.testing.assert_allclose(correlate(GREY, kernel.mean(axis=2, keepdims=True)), expected / 3, rtol=1e-4, atol=1e-4)


def test_grey_kernel_made_rgb_answers_to_grey_images_as_before_in_every_channel_alike():
    kernel = random(3, 3, 1, 5)
    colour = change_inputs(kernel, 3)
    assert colour.shape == (3, 3, 3, 5)
    expected = correlate(GREY, kernel)
    np.testing.assert_allclose(correlate(np.repeat(GREY, 3, axis=-1), colour), expected, rtol=1e-12, atol=1e-12)
    for channel in range(3):
        np.testing.assert_array_equal(colour[:, :, channel], kernel[:, :, 0].astype("float64") / 3)


def test_rgb_maker_made_grey_makes_the_mean_and_grey_made_rgb_the_same_three_times():
    images, kernel, bias = RNG.standard_normal((2, 6, 6, 4)), random(3, 3, 4, 3), random(3)
    colour = correlate(images, kernel) + bias.astype("float64")
    grey = correlate(images, change_outputs(kernel, 1)) + change_outputs(bias, 1)
    np.testing.assert_allclose(grey, colour.mean(axis=-1, keepdims=True), rtol=1e-12, atol=1e-12)
    back = correlate(images, change_outputs(change_outputs(kernel, 1), 3))
    np.testing.assert_array_equal(back[..., 0], back[..., 2])


def test_there_and_back_keeps_what_is_grey():
    kernel, bias = random(3, 3, 1, 5), random(1)
    np.testing.assert_allclose(change_inputs(change_inputs(kernel, 3), 1), kernel, rtol=1e-15)
    np.testing.assert_allclose(change_outputs(change_outputs(bias, 3), 1), bias, rtol=1e-15)


def test_axis_of_transposed_kernels_can_be_named():
    kernel = random(3, 3, 3, 5)
    images = random(2, 4, 4, 5)
    colour = keras.ops.conv_transpose(images, kernel, 2, padding="same")
    grey = keras.ops.conv_transpose(images, change_outputs(kernel, 1, axis=-2).astype("float32"), 2, padding="same")
    np.testing.assert_allclose(grey, np.mean(colour, axis=-1, keepdims=True), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "wanted", "axis"),
    [
        ((3, 3, 3, 8), (3, 3, 1, 8), -2),
        ((3, 3, 8, 1), (3, 3, 8, 3), -1),
        ((3,), (1,), -1),
        ((3, 3, 3, 8), (3, 3, 3, 8), None),
        ((3, 3, 2, 8), (3, 3, 1, 8), None),
        ((3, 3, 3, 3), (3, 3, 1, 1), None),
        ((3, 3), (3,), None),
        ((3, 3, 1, 8), (1, 3, 1, 8), -4),
    ],
)
def test_changed_axis_is_the_only_one_that_differs_by_one_against_three(shape, wanted, axis):
    assert changed_axis(shape, wanted) == axis
