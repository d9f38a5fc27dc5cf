import numpy as np
import pytest

from keras_transfer_gen import pixels
from keras_transfer_gen.export.parity import (
    ExportError,
    Parity,
    check_fidelity,
    check_latents,
    check_outputs,
    check_parity,
    check_same_tokens,
    fidelity,
    probe_inputs,
    probe_latents,
    structural_similarity,
)
from keras_transfer_gen.export.servable import ServedFunction
from keras_transfer_gen.specs import ModelSpec


def sample_images(seed=0, shape=(2, 4, 4, 3)):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def test_levels_of_floats_are_those_between_black_and_white():
    black = np.full((1, 2, 2, 1), -1.0, np.float32)
    assert check_parity(black, -black, tolerance=255.0) == Parity(255.0, 255.0)


def test_levels_of_floats_and_uint8_agree():
    expected = pixels.to_model_range(np.uint8([[[[0], [10]], [[20], [30]]]])).numpy()
    actual = pixels.to_model_range(np.uint8([[[[0], [13]], [[20], [31]]]])).numpy()
    parity = check_parity(expected, actual, tolerance=4.0)
    assert parity.max_levels == pytest.approx(3.0, abs=1e-4)
    assert parity.mean_levels == pytest.approx(1.0, abs=1e-4)
    whole = check_parity(pixels.to_uint8(expected), pixels.to_uint8(actual), tolerance=3.0)
    assert whole == Parity(3.0, 1.0)


def test_uint8_below_is_as_far_as_above():
    # the wrong variant, a difference in uint8, wraps around
    assert (np.uint8([0]) - np.uint8([1]))[0] == 255
    assert check_parity(np.uint8([[[[0]]]]), np.uint8([[[[1]]]])).max_levels == 1.0


def test_difference_above_the_tolerance_fails_with_the_numbers():
    expected = sample_images()
    actual = expected.copy()
    actual[0, 0, 0, 0] += 2.0 / 127.5
    with pytest.raises(
        ExportError, match=r"The TFLite file differs from the Keras model by up to 2 pixel levels.*most 1 "
    ):
        check_parity(expected, actual, what="The TFLite file")
    assert check_parity(expected, actual, tolerance=2.1).max_levels == pytest.approx(2.0, rel=1e-4)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_fail_on_either_side(value):
    broken = sample_images()
    broken[0, 0, 0, 0] = value
    for pair in ((sample_images(), broken), (broken, sample_images()), (broken, broken)):
        with pytest.raises(ExportError, match="not finite numbers"):
            check_parity(*pair)


def test_other_shapes_or_types_fail():
    with pytest.raises(
        ExportError, match=r"SavedModel gives images float32 \(1, 4, 4, 3\), the Keras model float32 \(2, "
    ):
        check_parity(sample_images(), sample_images(shape=(1, 4, 4, 3)))
    with pytest.raises(ExportError, match="gives images uint8"):
        check_parity(sample_images(), pixels.to_uint8(sample_images()).numpy())


def test_probe_latents_are_always_the_same():
    latents = probe_latents(8, count=5)
    assert latents.shape == (5, 8) and latents.dtype == np.float32
    np.testing.assert_array_equal(latents, probe_latents(8, count=5))


def test_probe_inputs_follow_the_spec():
    inputs = probe_inputs(ModelSpec(8, 3, 4, num_classes=3, distribution="uniform"))
    assert inputs["latents"].shape == (4, 4) and np.abs(inputs["latents"]).max() <= 1
    assert inputs["labels"].tolist() == [0, 1, 2, 0] and inputs["labels"].dtype == np.int32
    assert set(probe_inputs(ModelSpec(8, 3, 4))) == {"latents"}


def test_latents_are_compared_in_units_of_their_own():
    zeros = np.zeros((2, 3), np.float32)
    assert check_latents(zeros, zeros + 1e-4, "It") is None
    for wrong in (zeros + 0.01, zeros + np.nan):
        with pytest.raises(ExportError, match=r"It gives latents that differ by .*at most 0\.001 is allowed"):
            check_latents(zeros, wrong, "It")


def test_a_few_tokens_may_be_others():
    tokens = np.arange(400).reshape(4, 10, 10)
    few, many = tokens.copy(), tokens.copy()
    few[0, 0, :8], many[0, 0, :9] = 0, 0
    few[0, 0, 0], many[0, 0, 0] = 7, 7  # which was 0
    assert check_same_tokens(tokens, few, "It") is None
    with pytest.raises(ExportError, match=r"It gives other tokens at 2\.2% of the places; at most 2% is allowed"):
        check_same_tokens(tokens, many, "It")
    with pytest.raises(ExportError, match=r"at 100\.0% of the places"):
        check_same_tokens(tokens, tokens[:1], "It")
    function = ServedFunction(None, (), {}, {"tokens": tokens}, chooses=True)
    check_outputs(function, {"tokens": many}, "It", levels=4.0)
    with pytest.raises(ExportError, match="other tokens"):
        check_outputs(function, {"tokens": many}, "It")


def test_where_codes_are_chosen_half_of_the_images_count():
    images = np.zeros((4, 4, 4, 3), np.float32)
    function = ServedFunction(None, (), {}, {"images": images}, chooses=True)
    half, most = images.copy(), images.copy()
    half[[0, 2]], most[[0, 1, 2]] = 0.5, 0.5
    check_outputs(function, {"images": half}, "It")
    with pytest.raises(ExportError, match="differs from the Keras model"):
        check_outputs(function, {"images": most}, "It")
    with pytest.raises(ExportError, match="gives images"):
        check_outputs(function, {"images": half[:2]}, "It")
    with pytest.raises(ExportError, match="not finite"):
        check_outputs(function, {"images": np.where(half > 0, np.nan, half)}, "It")
    with pytest.raises(ExportError, match="differs from the Keras model"):
        check_outputs(ServedFunction(None, (), {}, {"images": images}), {"images": half}, "It")


def test_fidelity_is_the_lowest_psnr():
    zeros, z = np.zeros((2, 4, 4, 3)), np.zeros((2, 3))
    expected = {"images": zeros, "z_mean": z}
    assert fidelity(expected, expected) == np.inf
    assert fidelity(expected, {"images": zeros + 0.2, "z_mean": z}) == pytest.approx(20.0)
    assert fidelity(expected, {"images": zeros + 0.02, "z_mean": z + 0.6}) == pytest.approx(20.0)
    assert fidelity(expected, {"images": zeros + np.nan, "z_mean": z}) == -np.inf
    assert check_fidelity(expected, {"images": zeros + 0.02, "z_mean": z}, 30, "It") == pytest.approx(40.0)
    with pytest.raises(ExportError, match=r"It differs from the Keras model by a PSNR of 20\.0 dB; at least 30 dB"):
        check_fidelity(expected, {"images": zeros + 0.2, "z_mean": z}, 30, "It")


def test_png_files_are_compared_as_images():
    images = np.full((1, 4, 4, 3), 100, np.uint8)
    function = ServedFunction(None, (), {}, {"png_bytes": images})
    assert check_outputs(function, {"png_bytes": [pixels.to_png(images[0])]}, "It") is None
    with pytest.raises(ExportError, match="It differs from the Keras model by up to 5 pixel levels"):
        check_outputs(function, {"png_bytes": [pixels.to_png(images[0] + 5)]}, "It")


def test_low_precision_may_differ_more():
    images, z = sample_images(), np.zeros((2, 3), np.float32)
    function = ServedFunction(None, (), {}, {"images": images, "z_mean": z})
    outputs = {"images": images + 1.9 / 127.5, "z_mean": z + 0.02}
    assert check_outputs(function, outputs, "It", levels=2.0) is None
    with pytest.raises(ExportError, match="at most 1 is allowed"):
        check_outputs(function, outputs, "It")


def test_every_output_is_compared_in_its_way():
    images, z = sample_images(), np.zeros((2, 3), np.float32)
    function = ServedFunction(None, (), {}, {"images": images, "z_mean": z}, tolerance=3.0)
    assert check_outputs(function, {"images": images + 2 / 127.5, "z_mean": z}, "It") is None
    with pytest.raises(ExportError, match="It differs from the Keras model by up to 4 pixel levels"):
        check_outputs(function, {"images": images + 4 / 127.5, "z_mean": z}, "It")
    with pytest.raises(ExportError, match="It gives latents that differ by 0.01"):
        check_outputs(function, {"images": images, "z_mean": z + 0.01}, "It")


def test_similarity_falls_where_plain_areas_get_noise_that_a_psnr_misses():
    plain = np.full((1, 32, 32, 3), 0.9, np.float32)
    noisy = plain + np.random.default_rng(0).normal(0, 0.02, plain.shape).astype(np.float32)
    textured = sample_images(shape=plain.shape)
    moved = textured + (noisy - plain)
    pairs = [({"images": plain}, {"images": noisy}), ({"images": textured}, {"images": moved})]
    assert all(fidelity(*pair) == pytest.approx(40, abs=0.5) for pair in pairs)
    in_plain, in_texture = (structural_similarity(*pair) for pair in pairs)
    assert in_plain < 0.92 and in_texture > 0.99


def test_similarity_of_small_images_and_of_latents_is_not_measured():
    assert structural_similarity({"images": sample_images()}, {"images": -sample_images()}) == 1
    assert structural_similarity({"z_mean": np.zeros((2, 3))}, {"z_mean": np.ones((2, 3))}) == 1
