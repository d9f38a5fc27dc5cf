import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.export import quantization, tflite
from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.parity import ExportError, fidelity
from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.export.run_tflite import open_interpreter, run_tflite, run_tflite_function
from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.export.tflite_convert import operators
from keras_transfer_gen.export.tflite_metadata import read_tflite_metadata
from keras_transfer_gen.networks.latents.latent_mixture import insert_latent_mixture
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


def test_file_with_uninitialised_weights_fails(models, servables, tmp_path, monkeypatch):
    def convert_owned_by_the_keras_model(converter, function):
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


@pytest.mark.parametrize("quantize", ["float16", "dynamic", "int8", "int16x8"])
def test_smaller_numbers_stay_near_the_model_behind_the_same_inputs(
    servables, models, tflite_files, tmp_path, quantize, monkeypatch
):
    monkeypatch.setattr(tflite, "LEAST_SSIM", 0.9)  # images of an untrained model have little contrast
    file = write_tflite(servables["generator"], tmp_path / "a.tflite", quantize=quantize)
    z = np.random.default_rng(7).standard_normal((6, 6)).astype(np.float32)
    difference = 127.5 * (run_tflite(file, z) - np.asarray(models["generator"](z)))
    assert 20 * np.log10(255 / np.sqrt(np.mean(difference**2))) >= 30
    assert quantize != "float16" or np.abs(difference).max() <= 2
    assert np.abs(difference).max() > 1e-3  # it is no float32 file
    assert file.stat().st_size < tflite_files["generator", "sampler"].stat().st_size
    assert not any(name.startswith("custom:") for name in operators(file.read_bytes()))
    metadata = read_tflite_metadata(file)
    assert metadata["quantize"] == quantize and metadata["float_layers"] == []


@pytest.mark.parametrize(("bound", "value"), [("LEAST_PSNR", 50.0), ("LEAST_SSIM", 0.9999)])
def test_int8_computes_its_last_layers_in_float32_where_it_must_and_names_them(
    servables, tmp_path, monkeypatch, bound, value
):
    monkeypatch.setattr(tflite, "LEAST_SSIM", 0.9)  # images of an untrained model have little contrast
    plain = write_tflite(servables["generator"], tmp_path / "plain.tflite", quantize="int8").stat().st_size
    monkeypatch.setattr(tflite, bound, value)  # plain int8 has some 46 dB here
    file = write_tflite(servables["generator"], tmp_path / "a.tflite", quantize="int8")
    layers = read_tflite_metadata(file)["float_layers"]
    assert layers and all(layer == "output" or layer.startswith("generator") for layer in layers)
    assert layers[0].endswith("to_image_1") and file.stat().st_size > plain
    rows = quantization.example_rows(servables["generator"], "serve", 16, seed=9)
    expected = quantization.expected_outputs(servables["generator"], "serve", rows)
    assert fidelity(expected, run_tflite_function(file, rows)) >= 45 > 0


@pytest.mark.parametrize("quantize", ["float16", "dynamic", "int8"])
def test_smaller_numbers_choose_the_same_centres(tmp_path, quantize):
    """A rounding before the choice of a centre would give a wholly other image."""
    latents = keras.Input((64,))
    keras.utils.set_random_seed(0)
    x = keras.layers.Dense(8 * 8 * 3, activation="tanh", kernel_initializer="orthogonal")(latents)
    plain = keras.Model(latents, keras.layers.Reshape((8, 8, 3))(x), name="generator")
    centres = np.random.default_rng(1).standard_normal((200, 64)).astype(np.float32)
    generator = insert_latent_mixture(plain, centres)
    servable = generator_servable(generator, ModelSpec(image_size=8, channels=3, latent_dim=64))
    file = write_tflite(servable, tmp_path / "a.tflite", quantize=quantize)
    z = np.random.default_rng(2).standard_normal((500, 64)).astype(np.float32)
    errors = np.square(run_tflite(file, z) - np.asarray(generator(z))).mean(axis=(1, 2, 3))
    assert 1e-12 < errors.mean() and errors.max() < 0.02  # of another centre: 0.1 and more


def test_quality_that_cannot_be_reached_fails_and_writes_nothing(servables, tmp_path, monkeypatch):
    monkeypatch.setattr(tflite, "LEAST_PSNR", 500.0)
    for quantize in ("dynamic", "int8"):
        with pytest.raises(
            tflite.ImpreciseError,
            match=rf"The TFLite file \({quantize}\) differs .* PSNR of \d+.*at least 500 dB.* Try --quantize",
        ):
            write_tflite(servables["labels"], tmp_path / "a.tflite", quantize=quantize)
    assert list(tmp_path.iterdir()) == []


def test_parts_of_a_vae_and_labels_are_quantized_too(servables, tmp_path):
    for kind, part in (("vae", "encoder"), ("vae", "decoder"), ("labels", "sampler")):
        file = write_tflite(servables[kind], tmp_path / "a.tflite", batch_size=2, part=part, quantize="int8")
        name = servables[kind].parts[part]
        rows = quantization.example_rows(servables[kind], name, 4, seed=9)
        expected = quantization.expected_outputs(servables[kind], name, rows)
        assert fidelity(expected, run_tflite_function(file, rows)) > 25


@pytest.mark.parametrize(("arguments", "text"), [
    ({"batch_size": 0}, r"`batch_size` must be an integer of at least 1\. Received: batch_size=0"),
    ({"quantize": "int4"}, r"`quantize` must be one of 'none', 'float16', 'dynamic', 'int8', 'int16x8'.*--quantize"),
    ({"part": "encoder"}, "`part` must be one of 'sampler'.*Models of other families have other parts.*--part"),
])  # fmt: skip
def test_unknown_parts_and_batches_are_refused(servables, tmp_path, arguments, text):
    with pytest.raises(UserError, match=text):
        write_tflite(servables["labels"], tmp_path / "a.tflite", **arguments)
