import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.export.run_tflite import open_interpreter
from keras_transfer_gen.export.tflite_weights import quantized, with_int8_weights


def test_each_channel_has_a_scale_of_its_own():
    weights = np.random.default_rng(0).standard_normal((5, 3, 3, 4)).astype(np.float32) * np.float32(
        [[[[100]]], [[[1]]], [[[0.01]]], [[[1]]], [[[0]]]]
    )
    numbers, scales = quantized(weights)
    assert numbers.dtype == np.int8 and scales.shape == (5,) and np.abs(numbers).max() == 127
    again = numbers * scales[:, None, None, None]
    assert (np.abs(again - weights).reshape(5, -1).max(axis=1) <= scales / 2 + 1e-6).all()


@pytest.fixture(scope="module")
def network():
    """A dense layer and a convolution with more weights than are left alone, and one with fewer."""
    inputs = keras.Input((8,))
    x = keras.layers.Reshape((4, 4, 16))(keras.layers.Dense(256)(inputs))
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, keras.layers.Conv2D(3, 1)(x))


def test_float32_file_becomes_smaller_and_stays_close(network, tmp_path):
    with silent_stderr():
        content = tf.lite.TFLiteConverter.from_keras_model(network).convert()
    path = tmp_path / "a.tflite"
    path.write_bytes(with_int8_weights(content))
    assert path.stat().st_size < 0.6 * len(content)  # scales and operators take their part of so small a file
    interpreter = open_interpreter(path)
    large = [np.prod(d["shape"]) for d in interpreter.get_tensor_details() if d["dtype"] == np.int8]
    assert sorted(large) == [256 * 8, 16 * 3 * 3 * 16]  # the small convolution stays in float32
    z = np.random.default_rng(1).standard_normal((1, 8)).astype(np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], z)
    interpreter.invoke()
    images = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    expected = network(z).numpy()
    assert 0 < np.abs(images - expected).max() < 0.03 * np.abs(expected).max()
