import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.networks.framing import Framing, framing_layer, with_framing, without_framing
from keras_transfer_gen.networks.resampling import zoom_images


def images(count=3, side=16):
    return np.random.default_rng(0).integers(60, 200, (count, side, side, 3), np.uint8)


def generator():
    latents = keras.Input((5,), name="latents")
    x = keras.layers.Reshape((8, 8, 3))(keras.layers.Dense(192, activation="tanh")(latents))
    return keras.Model(latents, x, name="generator")


@pytest.mark.parametrize("zoom", [0.8, 1.0, 1.3])
def test_layer_does_what_is_done_to_pixels(zoom):
    framed = pixels.to_uint8(Framing(zoom)(pixels.to_model_range(images()))).numpy()
    assert np.abs(framed.astype(int) - zoom_images(images(), zoom)).max() <= 1


def test_images_stay_in_range_and_unknown_batches_are_taken():
    board = np.sign(np.indices((12, 12)).sum(axis=0)[np.newaxis, ..., np.newaxis] % 4 - 1.5).astype(np.float32)
    layer = Framing(1.3)
    traced = tf.function(lambda x: layer(x), input_signature=[tf.TensorSpec((None, 12, 12, 1))])
    framed = traced(board).numpy()
    assert framed.shape == (1, 12, 12, 1) and np.abs(framed).max() <= 1.0
    np.testing.assert_allclose(traced(np.repeat(board, 3, axis=0))[2], framed[0], atol=1e-6)


def test_gradient_is_the_transposed_matrix():
    inputs = tf.constant(np.random.default_rng(1).uniform(-0.3, 0.3, (1, 6, 6, 1)).astype(np.float32))
    layer = Framing(1.2)
    theoretical, numerical = tf.test.compute_gradient(layer, [inputs])
    np.testing.assert_allclose(theoretical[0], numerical[0], atol=1e-2)


def test_zooms_multiply_and_can_be_taken_away(tmp_path):
    plain = generator()
    assert framing_layer(plain) is None and without_framing(plain) == (plain, 1.0)
    twice = with_framing(with_framing(plain, 1.1), 1.2)
    assert framing_layer(twice).zoom == pytest.approx(1.32) and len(twice.layers) == len(plain.layers) + 1
    assert twice.name == "generator"
    latents = np.random.default_rng(2).normal(size=(2, 5)).astype(np.float32)
    bare, zoom = without_framing(twice)
    assert zoom == pytest.approx(1.32)
    np.testing.assert_array_equal(bare(latents), plain(latents))
    twice.save(tmp_path / "g.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "g.keras")(latents), twice(latents))


def test_zoom_must_be_above_zero():
    with pytest.raises(checks.UserError, match="zoom"):
        Framing(0.0)
