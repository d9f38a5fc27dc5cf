import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.export import tflite
from keras_transfer_gen.export.parity import ExportError, probe_latents, run_tflite
from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.export.tflite import operators, write_tflite
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
from keras_transfer_gen.networks.layers import FusedBatchNormalization
from keras_transfer_gen.specs import ModelSpec

SPEC = ModelSpec(image_size=32, channels=3, latent_dim=16)
SMALL = ModelSpec(image_size=4, channels=3, latent_dim=8)


@pytest.fixture(scope="module")
def generator():
    return build_dcgan_generator(32, latent_dim=16, max_channels=64)


@pytest.fixture(scope="module")
def exported(generator, tmp_path_factory):
    return write_tflite(generator, SPEC, tmp_path_factory.mktemp("phone") / "cats.tflite")


def small_generator(up):
    """2 x 2 -> 4 x 4 with a given layer between two norms whose statistics are not trivial."""
    inputs = keras.Input((8,))
    x = keras.layers.Reshape((2, 2, 2))(inputs)
    for layer in (FusedBatchNormalization(), up, keras.layers.BatchNormalization()):
        x = layer(x)
    model = keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same", activation="tanh")(x))
    for variable in model.non_trainable_variables:
        variable.assign(np.linspace(0.5, 1.5, variable.shape[0]))
    return model


def test_images_equal_the_generator(exported, generator):
    latents = probe_latents(16, count=3)
    images = run_tflite(exported, latents)
    assert images.shape == (3, 32, 32, 3) and images.dtype == np.float32
    assert np.abs(images - generator(latents)).max() * 127.5 < 0.01


def test_file_is_float32_with_each_weight_once_and_builtin_operators(exported, generator):
    once = 4 * generator.count_params()
    content = exported.read_bytes()
    assert 0.95 * once < len(content) < once + 20_000
    assert {"CONV_2D", "RESIZE_NEAREST_NEIGHBOR"} <= {*operators(content)}
    assert not any(name.startswith("custom:") for name in operators(content))


def test_signature_names_input_and_output(exported):
    interpreter = _interpreter(exported)
    assert interpreter.get_signature_list() == {"serving_default": {"inputs": ["latents"], "outputs": ["images"]}}


def test_batch_is_fixed(generator, tmp_path):
    path = write_tflite(generator, SPEC, tmp_path / "four.tflite", batch_size=4)
    (source,) = _interpreter(path).get_input_details()
    assert source["shape"].tolist() == source["shape_signature"].tolist() == [4, 16]
    np.testing.assert_allclose(run_tflite(path, probe_latents(16)), generator(probe_latents(16)), atol=1e-5)


def test_upsampling_layer_and_both_norms_convert_to_builtins(tmp_path):
    path = write_tflite(small_generator(keras.layers.UpSampling2D()), SMALL, tmp_path / "up.tflite")
    assert not any(name.startswith("custom:") for name in operators(path.read_bytes()))


def test_nothing_is_written_to_the_terminal(tmp_path, capfd):
    write_tflite(small_generator(keras.layers.UpSampling2D()), SMALL, tmp_path / "up.tflite")
    assert capfd.readouterr() == ("", "")


def test_bfloat16_generator_is_exported_in_float32(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build_dcgan_generator(32, latent_dim=16, max_channels=32)
    finally:
        keras.config.set_dtype_policy("float32")
    path = write_tflite(network, SPEC, tmp_path / "cats.tflite")
    found = {detail["dtype"] for detail in _interpreter(path).get_tensor_details()}
    assert np.float32 in found and found <= {np.float32, np.int32}


@keras.saving.register_keras_serializable("test_tflite")
class Noise(keras.layers.Layer):
    """Adds noise by an operator that TFLite lacks."""

    def call(self, x):
        return x + 0.0 * tf.random.stateless_normal(tf.shape(x), seed=(1, 2))


def test_operator_that_is_not_built_in_fails_and_writes_nothing(tmp_path):
    model = small_generator(keras.Sequential([keras.layers.UpSampling2D(), Noise()]))
    with pytest.raises(
        ExportError, match=r"can't be converted with TFLite's builtin operators: it needs .*Stateless.*V2\."
    ):
        write_tflite(model, SMALL, tmp_path / "a.tflite")
    assert list(tmp_path.iterdir()) == []


def test_flex_operators_are_found_in_a_file():
    model = small_generator(keras.Sequential([keras.layers.UpSampling2D(), Noise()]))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    with silent_stderr():
        content = converter.convert()
    assert any(name.startswith("custom:FlexStateless") for name in operators(content))


def test_file_with_garbage_weights_fails_and_leaves_what_stood_there(generator, tmp_path, monkeypatch):
    (tmp_path / "cats.tflite").write_bytes(b"old.TFL3")

    def convert_owned_by_the_keras_model(network, spec, batch_size):
        # the bug: the converter writes uninitialised weights where a Keras model owns them
        serve = tf.function(lambda latents: {"images": network(latents, training=False)})
        latents = tf.TensorSpec((batch_size, spec.latent_dim), tf.float32, name="latents")
        concrete = serve.get_concrete_function(latents)
        with silent_stderr():
            return tf.lite.TFLiteConverter.from_concrete_functions([concrete], network).convert()

    monkeypatch.setattr(tflite, "_convert", convert_owned_by_the_keras_model)
    with pytest.raises(ExportError, match="The TFLite file"):
        write_tflite(generator, SPEC, tmp_path / "cats.tflite")
    assert (tmp_path / "cats.tflite").read_bytes() == b"old.TFL3"
    assert [file.name for file in tmp_path.iterdir()] == ["cats.tflite"]


def test_wrong_arguments_are_refused(generator, tmp_path):
    with pytest.raises(UserFileError, match=r"`path` must be a file, not a folder"):
        write_tflite(generator, SPEC, tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0 a photo")
    with pytest.raises(UserFileError, match=r"`path` must be a new file, or a TFLite file to replace.* is kept.*--out"):
        write_tflite(generator, SPEC, tmp_path / "photo.jpg")
    assert (tmp_path / "photo.jpg").read_bytes().endswith(b"a photo")
    with pytest.raises(UserError, match=r"`batch_size` must be an integer of at least 1\. Received: batch_size=0"):
        write_tflite(generator, SPEC, tmp_path / "a.tflite", batch_size=0)
    with pytest.raises(UserError, match=r"`generator` must be a model from \(None, 8\)"):
        write_tflite(generator, SMALL, tmp_path / "a.tflite")


def _interpreter(path):
    from keras_transfer_gen.export import parity

    with silent_stderr():
        interpreter = parity._interpreter()(model_path=str(path))
        interpreter.allocate_tensors()
    return interpreter
