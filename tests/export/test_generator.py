import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.export.generator import check_shapes, generator_servable, noise_tolerance
from keras_transfer_gen.export.parity import ExportError, check_parity, probe_inputs
from keras_transfer_gen.export.run_tflite import run_tflite
from keras_transfer_gen.export.saved_model import read_saved_model, write_saved_model
from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.networks.stylegan2.shapes import GeneratorShape
from keras_transfer_gen.networks.stylegan2.stylegan2 import build_stylegan2_generator
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN
from tests.export.small_models import LABELS_SPEC, SPEC, small_generator

TINY = ModelSpec(image_size=2, channels=1, latent_dim=4)


def test_examples_are_those_of_the_spec_and_what_the_generator_gives_for_them(models, servables):
    serve = servables["generator"].functions["serve"]
    assert list(serve.examples) == ["latents"] and serve.examples["latents"].shape == (4, 6)
    assert serve.expected["images"].shape == (4, 28, 28, 3) and serve.expected["images"].dtype == np.float32
    np.testing.assert_array_equal(serve.expected["images"], models["generator"](serve.examples["latents"]))
    examples = servables["labels"].functions["serve"].examples
    assert examples["labels"].tolist() == [0, 1, 2, 0]
    uint8 = servables["generator"].functions["uint8"].expected["images"]
    assert uint8.dtype == np.uint8 and uint8.shape == (4, 28, 28, 3)


def test_bfloat16_generator_is_served_in_float32_and_by_its_float32_images(tmp_path):
    network = small_generator("mixed_bfloat16")
    servable = generator_servable(network, SPEC)
    serve = servable.functions["serve"]
    assert {variable.dtype for variable in servable.variables} == {"float32"} and serve.tolerance == 1.0
    np.testing.assert_array_equal(serve.compute(serve.examples["latents"])["images"], serve.expected["images"])
    # the original rounds visibly otherwise, so it could not have been the yardstick
    with pytest.raises(ExportError, match="pixel levels"):
        check_parity(network(serve.examples["latents"]), serve.expected["images"], tolerance=0.01)
    graph = tf.saved_model.load(write_saved_model(servable, tmp_path / "1")).signatures["serving_default"].graph
    nodes = [node for function in graph.as_graph_def().library.function for node in function.node_def]
    assert "Conv2D" in {node.op for node in nodes}
    assert not any(tf.bfloat16.as_datatype_enum == node.attr["T"].type for node in nodes)
    assert write_tflite(servable, tmp_path / "cats.tflite").stat().st_size > 4 * network.count_params()


def test_mirrored_generator_is_exported(two_cpus, tmp_path):
    with two_cpus.scope():
        network = small_generator()
    generate, _ = read_saved_model(write_saved_model(generator_servable(network, SPEC), tmp_path / "1"))
    latents = probe_inputs(SPEC)["latents"]
    check_parity(network(latents), generate(latents), 0.01)
    stored = sum(file.stat().st_size for file in (tmp_path / "1" / "variables").iterdir())
    assert stored < 1.2 * 4 * network.count_params()


@pytest.mark.parametrize(("kind", "spec", "expected"), [
    ("generator", ModelSpec(image_size=64, channels=3, latent_dim=6), r"\(None, 6\) to \(None, 64, 64, 3\)"),
    ("generator", ModelSpec(image_size=28, channels=3, latent_dim=8), r"\(None, 8\) to \(None, 28, 28, 3\)"),
    ("generator", LABELS_SPEC, r"\{.*'labels': \(None,\)\} to"),
    ("labels", ModelSpec(image_size=4, channels=3, latent_dim=6), r"\(None, 6\) to"),
])  # fmt: skip
def test_generator_of_another_shape_than_its_spec_is_refused(kind, spec, expected, models):
    with pytest.raises(UserError, match=rf"`generator` must be a model from {expected}"):
        generator_servable(models[kind], spec)


def test_shapes_of_the_spec_pass(models):
    assert check_shapes(models["generator"], SPEC) is check_shapes(models["labels"], LABELS_SPEC) is None


@keras.saving.register_keras_serializable("test_export_generator")
class Forgetful(keras.layers.Layer):
    """A layer whose config leaves out what it does."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return {"name": self.name}


@keras.saving.register_keras_serializable("test_export_generator")
class Noisy(keras.layers.Layer):
    """Noise of its own at each call."""

    def call(self, x):
        return x + tf.random.uniform(tf.shape(x), -0.1, 0.1)


def tiny(*layers):
    """The latents themselves as an image, after some layers."""
    x = inputs = keras.Input((4,))
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, keras.layers.Reshape((2, 2, 1))(x))


def test_layer_that_its_config_does_not_describe_fails():
    with pytest.raises(ExportError, match="The float32 copy differs from the Keras model"):
        generator_servable(tiny(Forgetful(0.5)), TINY)


def test_generator_with_noise_of_its_own_may_differ_as_much_as_from_itself():
    assert noise_tolerance(tiny(), probe_inputs(TINY)) == 1.0
    tolerance = generator_servable(tiny(Noisy()), TINY).functions["serve"].tolerance
    assert 4 * 127.5 * 0.2 >= tolerance > 10


STYLE_SPEC = ModelSpec(image_size=8, channels=3, latent_dim=4, num_classes=2, arch="stylegan2")


@pytest.fixture(scope="module")
def style_generator():
    shape = GeneratorShape(8, 3, 4, 2, w_dim=4, widths=(4, 4), mapping_layers=1)
    return build_stylegan2_generator(shape)


def test_truncation_is_an_input_of_generators_that_take_it(style_generator, tmp_path):
    servable = generator_servable(style_generator, STYLE_SPEC)
    serve = servable.functions["serve"]
    assert list(serve.examples) == ["latents", "labels", "truncation"]
    inputs = {**serve.examples, "truncation": np.full(4, 0.5, np.float32)}
    wanted = style_generator(inputs).numpy()
    path = write_saved_model(servable, tmp_path / "1")
    generate, _ = read_saved_model(path)
    np.testing.assert_allclose(generate(inputs), wanted, atol=1e-4)
    del inputs["truncation"]
    ones = np.ones(4, np.float32)
    np.testing.assert_allclose(generate(inputs), style_generator({**inputs, "truncation": ones}), atol=1e-4)
    served = tf.saved_model.load(path).signatures
    scalars = {"num": tf.constant(2), "seed": tf.constant(3), "truncation": tf.constant(0.5), "label": tf.constant(1)}
    images = served["generate"](**scalars)["images"].numpy()
    gan = GAN(style_generator, keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()]), spec=STYLE_SPEC)
    assert np.abs(images - np.int32(gan.generate(2, seed=3, truncation=0.5, label=1))).max() <= 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="as many truncation factors as latents"):
        served["serving_default"](**{name: tf.constant(value) for name, value in inputs.items()}, truncation=ones[:3])


def test_stylegan2_needs_builtin_operators_alone(style_generator, tmp_path):
    servable = generator_servable(style_generator, STYLE_SPEC)
    assert list(servable.parts) == ["sampler", "mapping", "synthesis"]
    write_tflite(servable, tmp_path / "synthesis.tflite", part="synthesis")
    file = write_tflite(servable, tmp_path / "style.tflite")  # compares it with the model
    inputs = servable.functions["serve"].examples
    images = run_tflite(file, inputs["latents"], inputs["labels"], inputs["truncation"])
    np.testing.assert_allclose(images, style_generator(inputs), atol=1e-4)
