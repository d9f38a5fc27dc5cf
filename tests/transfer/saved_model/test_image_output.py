import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.transfer.saved_model.image_output import (
    ImageOutput,
    contradicts,
    find_image_output,
    pixel_range,
    share_below_zero,
)

RNG = np.random.default_rng(0)


def zeros(*shape, dtype="float32"):
    return tf.zeros(shape, dtype)


@pytest.mark.parametrize(("shape", "expected", "words"), [
    ((2, 8, 8, 3), ImageOutput("", 8, 3), "NHWC, RGB"), ((2, 8, 8, 1), ImageOutput("", 8, 1), "NHWC, grey"),
    ((2, 8, 8, 4), ImageOutput("", 8, 4), "NHWC, RGBA"), ((2, 8, 8, 2), ImageOutput("", 8, 2), "NHWC, grey with alpha"),
    ((2, 3, 8, 8), ImageOutput("", 8, 3, True), "NCHW, RGB"), ((2, 4, 8, 8), ImageOutput("", 8, 4, True), "NCHW, RGBA"),
    ((2, 4, 4, 4), ImageOutput("", 4, 4), "NHWC, RGBA"), ((2, 3, 3, 3), ImageOutput("", 3, 3), "NHWC, RGB"),
])  # fmt: skip
def test_layout_is_told_by_the_shape(shape, expected, words):
    found, why = find_image_output(zeros(*shape))
    assert (found, why, found.words) == (expected, "", words)


def test_images_among_several_outputs_are_named_so_opaque_or_the_largest():
    small, large, alpha = zeros(1, 4, 4, 3), zeros(1, 8, 8, 3), zeros(1, 16, 16, 4)
    assert find_image_output({"a": small, "b": [large], "c": alpha, "z": zeros(1, 6)})[0].name == "b/0"
    assert find_image_output({"image": small, "b": large})[0].name == "image"
    assert find_image_output({"a": alpha, "mask": zeros(1, 16, 16, 1, dtype="bool")})[0].name == "a"


@pytest.mark.parametrize(("outputs", "why"), [
    (zeros(1, 6, 8, 3), "The only output makes images of 8 x 6 pixels, and only square ones can be used."),
    ({"out": zeros(1, 3, 6, 8)}, "The output 'out' makes images of 8 x 6 pixels"),
    (zeros(1, 8, 8, 5), r"The only output has the shape \(1, 8, 8, 5\): no axis of it holds 1 to 4 channels"),
    (zeros(1, 8), "^$"), ({"a": zeros(1, 8, 8, 3, dtype="int32")}, "^$"), ({}, "^$"),
])  # fmt: skip
def test_other_outputs_are_refused_with_the_reason(outputs, why):
    import re

    found, said = find_image_output(outputs)
    assert found is None and re.match(why, said)


def test_channels_first_are_transposed():
    made = RNG.uniform(-1, 1, (2, 3, 4, 4)).astype(np.float32)
    image, _ = find_image_output({"a": tf.constant(made)})
    np.testing.assert_array_equal(image.raw({"a": tf.constant(made)}), made.transpose(0, 2, 3, 1))


@pytest.mark.parametrize("bounds", [(-1.0, 1.0), (0.0, 1.0), (0.0, 255.0)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_model_range_and_white_below_alpha(bounds, channels):
    unit = RNG.uniform(0, 1, (2, 4, 4, channels)).astype(np.float32)
    raw = unit * (bounds[1] - bounds[0]) + bounds[0]
    made = ImageOutput("", 4, channels).to_model_range(raw, bounds)
    expected = unit
    if channels in (2, 4):  # Porter and Duff: over white
        expected = unit[..., -1:] * unit[..., :-1] + (1 - unit[..., -1:]) * 1.0
    np.testing.assert_allclose(made, expected * 2 - 1, atol=1e-5)
    assert made.shape[-1] == ImageOutput("", 4, channels).colours in (1, 3)
    graph = tf.function(lambda x: ImageOutput("", 4, channels).to_model_range(x, bounds))
    np.testing.assert_allclose(graph(tf.constant(raw)), made, atol=1e-5)


def test_alpha_out_of_its_range_is_cut():
    raw = np.float32([[[[-1, -1, -1, -1.5], [0, 0, 0, 1.5]]]])
    np.testing.assert_allclose(
        ImageOutput("", 1, 4).to_model_range(raw, (-1.0, 1.0))[0, 0], [[1] * 3, [0] * 3], atol=1e-6
    )


@pytest.mark.parametrize(("low", "high", "bounds"), [
    (-1, 1, (-1.0, 1.0)), (-0.5, 0.3, (-1.0, 1.0)), (-1.4, 1.6, (-1.0, 1.0)), (0, 1, (0.0, 1.0)),
    (-0.1, 1.1, (0.0, 1.0)), (0, 255, (0.0, 255.0)), (-9, 270, (0.0, 255.0)), (-128, 127, None), (-9, 1, None),
    (float("nan"), 1, None), (0, float("inf"), None),
])  # fmt: skip
def test_pixel_range_is_decided_by_the_extremes(low, high, bounds):
    assert pixel_range(low, high) == bounds
    assert bounds is None or not contradicts(bounds, low, high)


@pytest.mark.parametrize(("bounds", "low", "high", "expected"), [
    ((-1.0, 1.0), 0.2, 0.3, False), ((0.0, 1.0), 0.2, 0.3, False), ((0.0, 255.0), 0.0, 1.0, True),
    ((-1.0, 1.0), 0, 255, True), ((0.0, 1.0), 0, 255, True), ((0.0, 1.0), -1, 1, True), ((0.0, 255.0), -1, 1, True),
    ((0.0, 255.0), -127, 127, True), ((-1.0, 1.0), -9, 1, True), ((-1.0, 1.0), float("nan"), 1, True),
])  # fmt: skip
def test_given_range_is_compared_with_the_samples(bounds, low, high, expected):
    assert contradicts(bounds, low, high) is expected


def test_same_images_as_floats_are_preferred_to_whole_numbers():
    unit = RNG.uniform(0, 1, (2, 8, 8, 3)).astype(np.float32)
    whole = tf.constant((unit * 255).round().astype(np.uint8))
    floats = {"unit": unit, "signed": unit * 2 - 1, "levels": unit * 255, "first": unit.transpose(0, 3, 1, 2)}
    for name, other in floats.items():
        found, _ = find_image_output({"image": whole, name: tf.constant(other)})
        assert (found.name, found.whole_numbers, found.channels_first) == (name, False, name == "first")
    another = tf.constant(RNG.uniform(0, 1, unit.shape).astype(np.float32))  # such as a map of depth
    assert find_image_output({"image": whole, "raw": another})[0].name == "image"
    assert find_image_output({"image": whole, "raw": tf.constant(unit[..., :1])})[0].name == "image"
    assert find_image_output({"image": tf.constant(unit), "raw": tf.constant(unit * 2 - 1)})[0].name == "image"


def measured_range(samples):
    return pixel_range(float(samples.min()), float(samples.max()), share_below_zero(samples))


def test_low_contrast_around_zero_is_told_from_an_unclipped_unit_range():
    noise = RNG.standard_normal((16, 8, 8, 3)).astype(np.float32)
    assert measured_range(np.tanh(noise * 0.02)) == measured_range(np.tanh(noise * 0.02 - 0.01)) == (-1.0, 1.0)
    assert pixel_range(-0.1, 0.1) == (0.0, 1.0)  # what the extremes alone say
    assert measured_range(1 / (1 + np.exp(-noise * 0.02))) == (0.0, 1.0)
    white_on_black = np.where(RNG.uniform(size=noise.shape) < 0.2, 0.8, 0.0) + noise * 0.03
    assert (white_on_black < 0).mean() > 0.3 and white_on_black.min() < -0.05  # many are negative, yet by little
    assert measured_range(white_on_black) == (0.0, 1.0)


def test_share_below_zero_is_a_share():
    assert share_below_zero(np.float32([-1, 3])) == 0.25 and share_below_zero(np.zeros(3)) == 0
    assert share_below_zero(np.float32([-1, np.inf])) == share_below_zero(np.float32([-1, np.nan])) == 0
