import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.objectives.reconstruction import PixelsAndEdges

RNG = np.random.default_rng(0)
REAL, MADE = (RNG.uniform(-1, 1, (3, 6, 6, 3)).astype("float32") for _ in range(2))


def test_pixels_and_edges_are_those_of_numpy():
    error = REAL - MADE
    expected = [
        np.abs(e).mean() + 0.5 * (np.abs(np.diff(e, axis=0)).mean() + np.abs(np.diff(e, axis=1)).mean()) for e in error
    ]
    np.testing.assert_allclose(PixelsAndEdges(edge_weight=0.5).loss(REAL, MADE), expected, rtol=1e-5)


def test_a_shift_of_all_levels_costs_no_edge():
    loss = PixelsAndEdges(edge_weight=9.0).loss(tf.constant(REAL), tf.constant(REAL + 0.25))
    np.testing.assert_allclose(loss, 0.25, rtol=1e-4)


def features():
    inputs = keras.Input((6, 6, 3))
    return keras.Model(inputs, keras.layers.AveragePooling2D(2)(inputs))


def test_features_cost_their_error_as_a_share_of_the_real_ones():
    network = features()
    pooled = [network(images).numpy() for images in (REAL, MADE)]
    share = np.abs(pooled[0] - pooled[1]).mean((1, 2, 3)) / np.abs(pooled[0]).mean()
    loss = PixelsAndEdges(edge_weight=0.0, features=network, feature_weight=2.0).loss(REAL, MADE)
    np.testing.assert_allclose(loss, np.abs(REAL - MADE).mean((1, 2, 3)) + 2.0 * share, rtol=1e-4)


def test_it_survives_its_config():
    loss = PixelsAndEdges(edge_weight=0.5, features=features(), feature_weight=2.0)
    again = PixelsAndEdges.from_config(loss.get_config())
    np.testing.assert_array_equal(again.loss(REAL, MADE), loss.loss(REAL, MADE))
    assert PixelsAndEdges.from_config(PixelsAndEdges(0.5).get_config()).features is None


def test_features_must_be_a_layer():
    with pytest.raises(checks.UserError, match="Wrap a function"):
        PixelsAndEdges(features=lambda images: images)
