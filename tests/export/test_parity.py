import numpy as np
import pytest

from keras_transfer_gen import pixels
from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.export.parity import ExportError, Parity, check_parity, probe_latents, run_tflite


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
        ExportError, match=r"SavedModel makes images float32 \(1, 4, 4, 3\), the Keras model float32 \(2, "
    ):
        check_parity(sample_images(), sample_images(shape=(1, 4, 4, 3)))
    with pytest.raises(ExportError, match="makes images uint8"):
        check_parity(sample_images(), pixels.to_uint8(sample_images()).numpy())


def test_probe_latents_are_always_the_same():
    latents = probe_latents(8, count=5)
    assert latents.shape == (5, 8) and latents.dtype == np.float32
    np.testing.assert_array_equal(latents, probe_latents(8, count=5))


def test_run_tflite_refuses_a_missing_file(tmp_path):
    with pytest.raises(UserFileError, match=r"`path` must be an existing TFLite file\. Received: .*absent\.tflite"):
        run_tflite(tmp_path / "absent.tflite", probe_latents(8))


def test_run_tflite_refuses_another_file(tmp_path):
    (tmp_path / "notes.tflite").write_text("not a model")
    with pytest.raises(UserFileError, match=r"a TFLite file with builtin operators.*The interpreter says"):
        run_tflite(tmp_path / "notes.tflite", probe_latents(8))


def test_run_tflite_refuses_latents_of_another_length(exported_tflite):
    for latents in (probe_latents(9), np.zeros((0, 8), np.float32), np.zeros(8, np.float32)):
        with pytest.raises(UserError, match=r"`latents` must be an array \[N, 8\]"):
            run_tflite(exported_tflite, latents)


@pytest.fixture(scope="module")
def exported_tflite(tmp_path_factory):
    """A TFLite file of batch size 3 whose image is the latent vector itself."""
    import keras

    from keras_transfer_gen.export.tflite import write_tflite
    from keras_transfer_gen.specs import ModelSpec

    inputs = keras.Input((8,))
    generator = keras.Model(inputs, keras.layers.Reshape((2, 2, 2))(keras.layers.Activation("tanh")(inputs)))
    path = tmp_path_factory.mktemp("tflite") / "identity.tflite"
    return write_tflite(generator, ModelSpec(image_size=2, channels=2, latent_dim=8), path, batch_size=3)


def test_run_tflite_gives_any_number_of_images_in_order(exported_tflite):
    latents = probe_latents(8, count=7)
    images = run_tflite(exported_tflite, latents)
    np.testing.assert_allclose(images, np.tanh(latents).reshape(7, 2, 2, 2), atol=1e-5)
    np.testing.assert_array_equal(images[:2], run_tflite(exported_tflite, latents[:2]))
