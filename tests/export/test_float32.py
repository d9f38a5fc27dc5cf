import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.export.float32 import float32_twin, tolerance_of
from keras_transfer_gen.export.parity import ExportError, check_parity, probe_inputs
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
from keras_transfer_gen.specs import ModelSpec

SPEC = ModelSpec(image_size=32, channels=3, latent_dim=16)


def generator(policy="float32"):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        network = build_dcgan_generator(32, latent_dim=16, max_channels=32)
    finally:
        keras.config.set_dtype_policy(before)
    for layer in network.layers:
        if layer.name.startswith("block"):  # statistics of a network that has been trained
            layer.norm.moving_mean.assign(0.1 * np.ones(layer.norm.moving_mean.shape))
            layer.norm.moving_variance.assign(0.5 * np.ones(layer.norm.moving_variance.shape))
    return network


def types(network):
    return {layer.compute_dtype for layer in network._flatten_layers()}


def test_twin_of_a_float32_generator_makes_its_images_exactly():
    network = generator()
    twin, inputs, images = float32_twin(network, SPEC)
    latents = inputs["latents"]
    assert latents.shape == (4, 16) and images.shape == (4, 32, 32, 3) and images.dtype == np.float32
    np.testing.assert_array_equal(images, network(latents))
    assert not {*map(id, twin.variables)} & {*map(id, network.variables)}


def test_twin_of_a_bfloat16_generator_computes_in_float32_and_leaves_it_alone():
    network = generator("mixed_bfloat16")
    policy, before = keras.config.dtype_policy(), network.get_weights()
    twin, inputs, images = float32_twin(network, SPEC)
    latents = inputs["latents"]
    assert types(twin) == {"float32"} and "bfloat16" in types(network)
    assert keras.config.dtype_policy() == policy
    for weights in (twin.get_weights(), network.get_weights()):
        for a, b in zip(before, weights, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(images, twin(latents))
    # the original rounds visibly otherwise, so it could not have been the yardstick
    with pytest.raises(ExportError, match="pixel levels"):
        check_parity(network(latents), images, tolerance=0.01)


def test_everything_of_the_twin_is_trainable_though_the_original_was_frozen():
    network = generator()
    network.trainable = False
    twin, _, _ = float32_twin(network, SPEC)
    assert len(twin.trainable_variables) == sum("moving" not in v.name for v in network.variables)
    assert network.trainable_variables == []


def test_wrapped_and_nested_layers_compute_in_float32():
    conv = keras.layers.Conv2D(3, 3, padding="same", dtype="mixed_bfloat16", name="inner")
    inner_inputs = keras.Input((2, 2, 4))
    wrapped = keras.layers.SpectralNormalization(conv, dtype="mixed_bfloat16", name="conv")
    inner = keras.Model(inner_inputs, wrapped(inner_inputs), name="tail")
    inputs = keras.Input((16,))
    network = keras.Model(inputs, inner(keras.layers.Reshape((2, 2, 4))(inputs)))
    twin, _, _ = float32_twin(network, ModelSpec(image_size=2, channels=3, latent_dim=16))
    assert types(twin) == {"float32"}


def test_generator_of_another_shape_than_its_spec_is_refused():
    with pytest.raises(UserError, match=r"`generator` must be a model from \(None, 16\) to \(None, 64, 64, 3\)"):
        float32_twin(generator(), ModelSpec(image_size=64, channels=3, latent_dim=16))


@keras.saving.register_keras_serializable("test_float32")
class Forgetful(keras.layers.Layer):
    """A layer whose config leaves out what it does."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return {"name": self.name}


def test_layer_that_its_config_does_not_describe_fails():
    inputs = keras.Input((4,))
    network = keras.Model(inputs, keras.layers.Reshape((2, 2, 1))(Forgetful(0.5)(inputs)))
    with pytest.raises(ExportError, match="The float32 copy differs from the Keras model"):
        float32_twin(network, ModelSpec(image_size=2, channels=1, latent_dim=4))


def test_export_inside_a_scope_is_refused():
    refused = pytest.raises(UserError, match=r"`strategy` must be left before exporting.*after the `with")
    with tf.distribute.OneDeviceStrategy("CPU:0").scope(), refused:
        float32_twin(generator(), SPEC)


@keras.saving.register_keras_serializable("test_float32")
class Noisy(keras.layers.Layer):
    """Noise of its own at each call."""

    def call(self, x):
        return x + tf.random.uniform(tf.shape(x), -0.1, 0.1)


def test_generator_with_noise_of_its_own_is_compared_as_well_as_it_repeats_itself():
    spec = ModelSpec(image_size=2, channels=1, latent_dim=4)
    inputs = keras.Input((4,))
    shape = keras.layers.Reshape((2, 2, 1))
    steady, noisy = keras.Model(inputs, shape(inputs)), keras.Model(inputs, shape(Noisy()(inputs)))
    assert tolerance_of(steady, probe_inputs(spec)) == 1.0
    assert 4 * 127.5 * 0.2 >= tolerance_of(noisy, probe_inputs(spec)) > 10
    float32_twin(noisy, spec)


def test_generator_with_labels_has_a_twin_with_labels():
    spec = ModelSpec(image_size=2, channels=1, latent_dim=4, num_classes=3)
    inputs = {"latents": keras.Input((4,), name="latents"), "labels": keras.Input((), dtype="int32", name="labels")}
    x = inputs["latents"] + keras.layers.Embedding(3, 4)(inputs["labels"])
    network = keras.Model(inputs, keras.layers.Reshape((2, 2, 1))(x))
    twin, probe, images = float32_twin(network, spec)
    assert probe["labels"].tolist() == [0, 1, 2, 0]
    np.testing.assert_array_equal(twin(probe), images)
    with pytest.raises(UserError, match=r"'labels': \(None,\)"):
        float32_twin(generator(), ModelSpec(image_size=32, channels=3, latent_dim=16, num_classes=3))
