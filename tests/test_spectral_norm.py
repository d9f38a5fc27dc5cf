import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen.spectral_norm import guard_spectral_norms

IMAGES = np.random.default_rng(1).standard_normal((2, 4, 4, 3)).astype("float32")


def spectral_model():
    inputs = keras.Input((4, 4, 3))
    conv = keras.layers.SpectralNormalization(keras.layers.Conv2D(2, 3), name="conv")
    return keras.Model(inputs, keras.layers.Dense(1, name="logits")(conv(inputs)))


def moved_by_a_call(model):
    """How many variables a call in training mode changes."""
    before = [variable.numpy() for variable in model.weights]
    model(IMAGES, training=True)
    return sum(not np.array_equal(a, v.numpy()) for a, v in zip(before, model.weights, strict=True))


def test_frozen_layer_is_bit_identical_where_keras_own_is_not():
    model = spectral_model()
    model.get_layer("conv").trainable = False
    assert moved_by_a_call(model) == 2  # the bug: kernel and vector move though the layer is frozen
    guard_spectral_norms(model)
    assert moved_by_a_call(model) == 0


def test_flags_set_after_the_guard_count():
    model = spectral_model()
    guard_spectral_norms(model)
    assert moved_by_a_call(model) == 2
    model.get_layer("conv").layer.trainable = False
    assert moved_by_a_call(model) == 0
    model.get_layer("conv").layer.trainable = True
    assert moved_by_a_call(model) == 2


def test_guard_is_put_once_and_anew_after_loading(tmp_path):
    model = spectral_model()
    guard_spectral_norms(model)
    guard = model.get_layer("conv").call
    guard_spectral_norms(model)
    assert model.get_layer("conv").call is guard
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    guard_spectral_norms(loaded)
    layer = loaded.get_layer("conv")
    before = [v.numpy() for v in layer.weights]
    loaded.trainable = False
    tf.function(loaded)(IMAGES, training=True)
    assert all(np.array_equal(a, v.numpy()) for a, v in zip(before, layer.weights, strict=True))


def test_guarded_layer_in_training_equals_the_plain_one():
    model, plain = spectral_model(), spectral_model()
    plain.set_weights(model.get_weights())
    guard_spectral_norms(model)
    for _ in range(2):
        np.testing.assert_array_equal(model(IMAGES, training=True), plain(IMAGES, training=True))
    for a, b in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
