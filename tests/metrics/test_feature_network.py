import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import tables
from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.efficientnet_lite import LITE0, ConstantWeights, stage_outputs
from keras_transfer_gen.metrics.feature_network import (
    build_efficientnet_lite0,
    load_feature_network,
    load_weights,
)
from keras_transfer_gen.shipped_weights import read_shipped_weights


@pytest.fixture(scope="module")
def weights():
    return read_shipped_weights("efficientnet_lite0")


def test_network_is_its_stages_a_head_and_a_mean(weights):
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    features = np.asarray(load_feature_network(side=64)(images))
    assert features.shape == (2, 1280) and features.dtype == np.float32 and 0 <= features.min() and features.max() <= 6
    compute = ConstantWeights(weights)
    x = stage_outputs(tf.constant((images - np.float32(127)) / 128), LITE0, compute)[-1]
    np.testing.assert_allclose(features, tf.reduce_mean(compute.convolve(x, "head", 1280), (1, 2)), atol=2e-5)


def test_features_of_a_known_image_are_those_of_the_unrounded_network():
    y, x = np.mgrid[:64, :64]
    image = np.stack([4 * x, 4 * y, 255 - 2 * x - 2 * y], axis=-1).astype(np.uint8)[None]
    features = np.asarray(load_feature_network()(image))[0]
    # From a float32 conversion of the same weights that was compared with PyTorch.
    np.testing.assert_allclose(features[[113, 930, 897, 1006]], [5.2409544, 5.18694, 4.317545, 3.736252], rtol=0.01)
    assert features.mean() == pytest.approx(0.084193535, rel=2e-3)
    assert features.std() == pytest.approx(0.38309982, rel=2e-3)


def test_network_is_frozen_and_draws_no_random_numbers():
    random.seed(0)
    before = random.getstate()
    network = build_efficientnet_lite0(side=32)
    assert random.getstate() == before
    assert network.trainable_variables == [] and network.count_params() == 3_350_000
    assert network.name == "efficientnet_lite0_32"


def test_network_computes_in_float32_under_any_policy(weights):
    levels = np.random.default_rng(4).integers(0, 256, (3, 40, 40, 3)).astype(np.float32)
    images = np.concatenate([levels, 0.37 * levels])  # bfloat16 holds whole levels exactly, but not these
    expected = np.asarray(load_feature_network(side=32)(images))
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        network = build_efficientnet_lite0(side=32)
        load_weights(network, weights)
        features = network(images)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert {variable.dtype for variable in network.variables} == {"float32"}
    np.testing.assert_array_equal(features, expected)


def test_network_takes_any_size_and_is_loaded_once():
    network = load_feature_network(side=32)
    assert load_feature_network(side=32) is network
    flat = [np.asarray(network(np.full((1, height, width, 3), 90, np.uint8))) for height, width in ((8, 8), (40, 70))]
    np.testing.assert_allclose(flat[0], flat[1], atol=1e-5)


def test_bad_arguments_are_refused():
    message = "`network` must be one of 'efficientnet_lite0', 'movenet_lightning'. Received: network='inception'"
    with pytest.raises(UserError, match=message + r".*register_feature_network"):
        load_feature_network("inception")
    with pytest.raises(UserError, match="`side` must be an integer of at least 32. Received: side=16"):
        build_efficientnet_lite0(side=16)


def test_networks_of_users_have_names(tiny_features, monkeypatch):
    monkeypatch.setattr(tables.FEATURE_NETWORKS, "_rows", dict(tables.FEATURE_NETWORKS._rows))
    tables.register_feature_network("tiny", tiny_features, help="of a test")
    tables.register_feature_network("made_when_asked", lambda: tiny_features)
    assert load_feature_network("tiny") is load_feature_network("made_when_asked") is tiny_features
    tables.register_feature_network("maps", lambda: keras.Sequential([keras.layers.Conv2D(2, 3)]))
    with pytest.raises(UserError, match="`network` must be a network from RGB images"):
        load_feature_network("maps")
    with pytest.raises(UserError, match="`entry` must be a subclass of Model"):
        tables.register_feature_network("number", 7)


def test_weights_that_do_not_fit_are_refused_whole(weights):
    network = build_efficientnet_lite0(side=32)
    spoilt = {**weights, "head/bias": weights["head/bias"][:3], "extra/bias": weights["head/bias"]}
    del spoilt["stem/kernel"]
    message = r"missing \['stem/kernel'\], unexpected \['extra/bias'\], other shapes \['head/bias'\]"
    with pytest.raises(UserFileError, match=message):
        load_weights(network, spoilt)
    assert not np.any(network.get_layer("head").kernel)
