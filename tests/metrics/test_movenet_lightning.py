import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.efficientnet_lite import ConstantWeights, stage_outputs
from keras_transfer_gen.metrics.feature_network import load_feature_network
from keras_transfer_gen.metrics.movenet_lightning import MOVENET, build_movenet_lightning
from keras_transfer_gen.shipped_weights import read_shipped_weights


def test_network_is_its_stages_a_head_and_a_mean():
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    network = load_feature_network("movenet_lightning", side=64)
    features = np.asarray(network(images))
    assert network.name == "movenet_lightning_64" and network.trainable_variables == []
    assert features.shape == (2, 1280) and features.dtype == np.float32 and 0 <= features.min() and features.max() <= 6
    compute = ConstantWeights(read_shipped_weights("movenet_lightning"))
    x = stage_outputs(tf.constant(images / np.float32(127.5) - 1), MOVENET, compute)[-1]
    np.testing.assert_allclose(features, tf.reduce_mean(compute.convolve(x, "head", 1280), (1, 2)), atol=2e-5)


def test_network_is_as_large_as_a_mobilenet_of_width_1_without_its_classifier():
    network = build_movenet_lightning(side=32)
    assert network.count_params() == 2_206_816 and network.output_shape == (None, 1280)
    with pytest.raises(UserError, match="`side` must be an integer of at least 32"):
        build_movenet_lightning(side=8)
