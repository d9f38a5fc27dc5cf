import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.export.float32_copy import float32_copy, has_low_precision
from tests.export.small_models import small_generator

LATENTS = np.random.default_rng(0).standard_normal((3, 6)).astype(np.float32)


def types(network):
    return {layer.compute_dtype for layer in network._flatten_layers()}


def test_copy_of_a_float32_network_gives_its_images_exactly_and_shares_nothing(models):
    network = models["generator"]
    copy = float32_copy(network)
    np.testing.assert_array_equal(copy(LATENTS), network(LATENTS))
    assert not {*map(id, copy.variables)} & {*map(id, network.variables)}
    assert not has_low_precision(network)


def test_copy_of_a_bfloat16_network_computes_in_float32_and_leaves_it_alone():
    network = small_generator("mixed_bfloat16")
    policy, before = keras.config.dtype_policy(), network.get_weights()
    copy = float32_copy(network)
    assert types(copy) == {"float32"} and "bfloat16" in types(network)
    assert has_low_precision(network) and not has_low_precision(copy)
    assert keras.config.dtype_policy() == policy
    for weights in (copy.get_weights(), network.get_weights()):
        for a, b in zip(before, weights, strict=True):
            np.testing.assert_array_equal(a, b)


def test_everything_of_the_copy_is_trainable_though_the_original_was_frozen():
    network = small_generator()
    network.trainable = False
    copy = float32_copy(network)
    assert len(copy.trainable_variables) == sum("moving" not in v.name for v in network.variables)
    assert network.trainable_variables == []


def test_wrapped_and_nested_layers_compute_in_float32():
    conv = keras.layers.Conv2D(3, 3, padding="same", dtype="mixed_bfloat16", name="inner")
    inner_inputs = keras.Input((2, 2, 4))
    wrapped = keras.layers.SpectralNormalization(conv, dtype="mixed_bfloat16", name="conv")
    inner = keras.Model(inner_inputs, wrapped(inner_inputs), name="tail")
    inputs = keras.Input((16,))
    network = keras.Model(inputs, inner(keras.layers.Reshape((2, 2, 4))(inputs)))
    assert types(float32_copy(network)) == {"float32"}


def test_copy_inside_a_scope_is_refused(models):
    refused = pytest.raises(UserError, match=r"`strategy` must be left before exporting.*after the `with")
    with tf.distribute.OneDeviceStrategy("CPU:0").scope(), refused:
        float32_copy(models["generator"])
