import keras
import pytest
import tensorflow as tf

from keras_transfer_gen.export import tflite_convert
from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.parity import ExportError
from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.export.tflite_convert import UnsupportedError, layers_with, operators
from keras_transfer_gen.specs import ModelSpec

TINY = ModelSpec(image_size=4, channels=3, latent_dim=8)


@keras.saving.register_keras_serializable("test_tflite")
class Noise(keras.layers.Layer):
    """Adds noise by an operator that TFLite lacks."""

    def call(self, x):
        return x + 0.0 * tf.random.stateless_normal(tf.shape(x), seed=(1, 2))


@pytest.fixture(scope="module")
def noisy():
    """A generator with a layer that TFLite has not."""
    inputs = keras.Input((8,))
    x = keras.layers.Reshape((2, 2, 2))(inputs)
    x = keras.Sequential([keras.layers.UpSampling2D(), Noise(name="grain")], name="up")(x)
    return keras.Model(inputs, keras.layers.Conv2D(3, 3, padding="same", activation="tanh")(x))


def test_operator_that_is_not_built_in_fails_names_its_layer_and_writes_nothing(noisy, tmp_path):
    text = r"TFLite's builtin operators: it needs .*Stateless.*V2 in the layer .*grain.*\. Export a SavedModel"
    with pytest.raises(UnsupportedError, match=text):
        write_tflite(generator_servable(noisy, TINY), tmp_path / "a.tflite")
    assert list(tmp_path.iterdir()) == []


def test_flex_operators_are_recognised_in_a_file(noisy):
    converter = tf.lite.TFLiteConverter.from_keras_model(noisy)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    with silent_stderr():
        content = converter.convert()
    assert any(name.startswith("custom:FlexStateless") for name in operators(content))


def test_custom_operators_are_refused_before_the_file_is_run(servables, tmp_path, monkeypatch):
    monkeypatch.setattr(tflite_convert, "operators", lambda content: ["ADD", "custom:FlexErf"])
    with pytest.raises(ExportError, match="needs operators that are not built in: custom:FlexErf"):
        write_tflite(servables["labels"], tmp_path / "a.tflite")


def test_layers_are_looked_for_in_inner_functions_as_well():
    @tf.function
    def inner(x):
        with tf.name_scope("net/grain"):
            return tf.math.erfinv(x)

    @tf.function(input_signature=[tf.TensorSpec((2,))])
    def outer(x):
        with tf.name_scope("net/last"):
            return tf.math.lgamma(inner(x))

    graph = outer.get_concrete_function().graph.as_graph_def()
    last, grain = layers_with(graph, ["tf.Erfinv", "FlexLgamma"])
    assert last == "net/last" and grain.startswith("net/grain")
