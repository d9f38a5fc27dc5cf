import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.networks.layers import ChannelScale, FusedBatchNormalization, MinibatchDeviation

X = np.random.default_rng(0).normal(2.0, 3.0, (6, 5, 4, 3)).astype(np.float32)


def test_batch_norm_training_output_is_standardised():
    mean, variance = X.mean((0, 1, 2)), X.var((0, 1, 2))
    found = FusedBatchNormalization(epsilon=1e-3)(X, training=True)
    np.testing.assert_allclose(found, (X - mean) / np.sqrt(variance + 1e-3), atol=2e-5)


def test_batch_norm_moves_its_statistics_like_keras():
    ours, theirs = FusedBatchNormalization(momentum=0.9), keras.layers.BatchNormalization(momentum=0.9)
    ours(X, training=True), theirs(X, training=True)
    np.testing.assert_allclose(ours.moving_mean, theirs.moving_mean, rtol=1e-5)
    # The fused kernel stores the variance of a sample (n - 1), Keras that of the batch (n).
    count = X.shape[0] * X.shape[1] * X.shape[2]
    moved = (theirs.moving_variance.numpy() - 0.9) * count / (count - 1) + 0.9
    np.testing.assert_allclose(ours.moving_variance, moved, rtol=1e-5)


def test_batch_norm_inference_uses_moving_statistics():
    layer = FusedBatchNormalization()
    layer.build(X.shape)
    layer.set_weights([np.float32([1, 2, 3]), np.float32([0, 1, 0]), np.float32([2, 2, 2]), np.float32([9, 4, 1])])
    expected = (X - 2) / np.sqrt(np.float32([9, 4, 1]) + 1e-3) * [1, 2, 3] + [0, 1, 0]
    np.testing.assert_allclose(layer(X, training=False), expected, atol=1e-4)


def test_batch_norm_frozen_runs_in_inference_mode_and_keeps_its_statistics():
    layer = FusedBatchNormalization()
    layer(X, training=True)
    before = layer.get_weights()
    layer.trainable = False
    frozen = layer(X, training=True)
    assert all(np.array_equal(a, b) for a, b in zip(before, layer.get_weights(), strict=True))
    np.testing.assert_array_equal(frozen, layer(X, training=False))


def test_batch_norm_takes_bfloat16_with_float32_weights():
    layer = FusedBatchNormalization(dtype="mixed_bfloat16")
    assert layer(X, training=True).dtype == tf.bfloat16
    assert {variable.dtype for variable in layer.weights} == {"float32"}


def test_minibatch_deviation_equals_numpy():
    found = MinibatchDeviation(group_size=3)(X).numpy()
    assert found.shape == (6, 5, 4, 4)
    np.testing.assert_array_equal(found[..., :3], X)
    grouped = X.reshape(3, 2, 5, 4, 3)  # image i belongs to group i mod 2
    deviation = np.sqrt(grouped.var(0) + 1e-8).mean((1, 2, 3))
    np.testing.assert_allclose(found[..., 3], np.tile(deviation, 3)[:, None, None] * np.ones((6, 5, 4)), rtol=1e-5)


def test_minibatch_deviation_takes_a_batch_that_groups_do_not_divide():
    found = MinibatchDeviation(group_size=4)(X[:5]).numpy()
    np.testing.assert_allclose(found[..., 3], np.sqrt(X[:5].var(0) + 1e-8).mean(), rtol=1e-5)


@pytest.mark.parametrize("layer", [FusedBatchNormalization(momentum=0.5, epsilon=0.01), MinibatchDeviation(2)])
def test_layer_config_round_trips(layer):
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_channel_scale_is_one_product_and_one_sum_a_channel():
    layer = ChannelScale()
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype(np.float32)
    assert np.array_equal(layer(x), x)
    scale, shift = np.float32([1, 2, 3, 4]), np.float32([0, 1, 0, -1])
    layer.gamma.assign(scale)
    layer.beta.assign(shift)
    np.testing.assert_allclose(layer(x), x * scale + shift, rtol=1e-6)
