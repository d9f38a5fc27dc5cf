import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.export import tflite
from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.parity import ExportError
from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.export.run_tflite import open_interpreter
from keras_transfer_gen.export.tflite import operators, write_tflite
from keras_transfer_gen.networks.layers import FusedBatchNormalization
from keras_transfer_gen.specs import ModelSpec

TINY = ModelSpec(image_size=4, channels=3, latent_dim=8)


def upsampling_generator(up):
    """2 x 2 -> 4 x 4 with a given layer between two norms whose statistics are not trivial."""
    inputs = keras.Input((8,))
    x = keras.layers.Reshape((2, 2, 2))(inputs)
    for layer in (FusedBatchNormalization(), up, keras.layers.BatchNormalization()):
        x = layer(x)
    model = keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same", activation="tanh")(x))
    for variable in model.non_trainable_variables:
        variable.assign(np.linspace(0.5, 1.5, variable.shape[0]))
    return model


def test_file_is_float32_with_builtin_operators_and_one_signature(tflite_files):
    file = tflite_files["generator", "sampler"]
    assert {"CONV_2D", "RESIZE_NEAREST_NEIGHBOR"} <= {*operators(file.read_bytes())}
    assert not any(name.startswith("custom:") for name in operators(file.read_bytes()))
    interpreter = open_interpreter(file)
    assert interpreter.get_signature_list() == {"serving_default": {"inputs": ["latents"], "outputs": ["images"]}}
    kinds = {detail["dtype"] for detail in interpreter.get_tensor_details()}
    assert np.float32 in kinds and kinds <= {np.float32, np.int32}
    (source,) = interpreter.get_input_details()
    assert source["shape"].tolist() == source["shape_signature"].tolist() == [2, 6]


def test_upsampling_layer_and_both_norms_convert_to_builtins_and_nothing_is_printed(tmp_path, capfd):
    servable = generator_servable(upsampling_generator(keras.layers.UpSampling2D()), TINY)
    path = write_tflite(servable, tmp_path / "up.tflite")
    assert not any(name.startswith("custom:") for name in operators(path.read_bytes()))
    assert capfd.readouterr() == ("", "")


@keras.saving.register_keras_serializable("test_tflite")
class Noise(keras.layers.Layer):
    """Adds noise by an operator that TFLite lacks."""

    def call(self, x):
        return x + 0.0 * tf.random.stateless_normal(tf.shape(x), seed=(1, 2))


def test_operator_that_is_not_built_in_fails_and_writes_nothing(tmp_path):
    model = upsampling_generator(keras.Sequential([keras.layers.UpSampling2D(), Noise()]))
    with pytest.raises(
        ExportError, match=r"can't be converted with TFLite's builtin operators: it needs .*Stateless.*V2\."
    ):
        write_tflite(generator_servable(model, TINY), tmp_path / "a.tflite")
    assert list(tmp_path.iterdir()) == []


def test_flex_operators_are_recognised_in_a_file():
    model = upsampling_generator(keras.Sequential([keras.layers.UpSampling2D(), Noise()]))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    with silent_stderr():
        content = converter.convert()
    assert any(name.startswith("custom:FlexStateless") for name in operators(content))


def test_file_with_uninitialised_weights_fails(models, servables, tmp_path, monkeypatch):
    def convert_owned_by_the_keras_model(function, variables):
        # the bug: the converter writes uninitialised weights where a Keras model owns them
        network = models["generator"]
        serve = tf.function(lambda latents: {"images": network(latents, training=False)})
        concrete = serve.get_concrete_function(tf.TensorSpec((1, 6), tf.float32, name="latents"))
        with silent_stderr():
            return tf.lite.TFLiteConverter.from_concrete_functions([concrete], network).convert()

    monkeypatch.setattr(tflite, "convert", convert_owned_by_the_keras_model)
    with pytest.raises(ExportError, match="The TFLite file"):
        write_tflite(servables["generator"], tmp_path / "cats.tflite")
    assert list(tmp_path.iterdir()) == []


def test_custom_operators_are_refused_before_the_file_is_run(servables, tmp_path, monkeypatch):
    monkeypatch.setattr(tflite, "operators", lambda content: ["ADD", "custom:FlexErf"])
    with pytest.raises(ExportError, match="needs operators that are not built in: custom:FlexErf"):
        write_tflite(servables["labels"], tmp_path / "a.tflite")


@pytest.mark.parametrize(("arguments", "text"), [
    ({"batch_size": 0}, r"`batch_size` must be an integer of at least 1\. Received: batch_size=0"),
    ({"part": "encoder"}, "`part` must be one of 'sampler'.*Only a VAE has other parts.*--part"),
])  # fmt: skip
def test_unknown_parts_and_batches_are_refused(servables, tmp_path, arguments, text):
    with pytest.raises(UserError, match=text):
        write_tflite(servables["labels"], tmp_path / "a.tflite", **arguments)
