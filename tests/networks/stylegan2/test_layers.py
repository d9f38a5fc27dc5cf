import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.networks.stylegan2 import layers
from keras_transfer_gen.networks.stylegan2.resampling import downsample

RNG = np.random.default_rng(0)


def test_activation_is_leaky_with_gain_and_limit():
    x = np.float32([[-10.0, -1.0, 1.0, 10.0]])
    factor = layers.activation_gain(gain=0.5)
    y = layers.activate(factor * x, factor * np.float32([0, 0, 1, 0]), limit=2.0).numpy()
    np.testing.assert_allclose(y, [[-0.2 * 5 * 2**0.5, -0.1 * 2**0.5, 2**0.5, 2.0]], rtol=1e-6)
    np.testing.assert_array_equal(layers.activate(x, leaky=False), x)
    assert layers.activation_gain(leaky=False, gain=0.5) == 0.5


@pytest.mark.parametrize(("limit", "kept"), [(4.0, 1), (100.0, 4)])
def test_limit_and_its_derivatives_are_the_same_in_training(limit, kept):
    """At 100 nothing is cut off; the conditional on a CPU gives the same as a plain limit, a second derivative too."""
    answers = []
    for training in (False, True):
        x, scale = tf.Variable(np.float32([[-30.0, -1.0, 1.0, 10.0]])), tf.Variable(3.0)
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = layers.activate(x * scale**2, limit=limit, training=training)
            slope = inner.gradient(y, x)
            total = tf.reduce_sum(slope**2)
        answers.append([y.numpy(), slope.numpy(), outer.gradient(total, scale).numpy()])
    for plain, trained in zip(*answers, strict=True):
        np.testing.assert_allclose(trained, plain, rtol=1e-6)
    assert np.count_nonzero(answers[0][1]) == kept


def test_normalised_rows_have_a_mean_square_of_one():
    rows = layers.normalize(RNG.normal(size=(3, 5)).astype(np.float32)).numpy()
    np.testing.assert_allclose((rows**2).mean(axis=1), 1.0, rtol=1e-5)


def test_dense_scales_what_it_stores():
    layer = layers.EqualizedDense(3, lr_multiplier=0.01, bias_value=2.0)
    x = RNG.normal(size=(2, 4)).astype(np.float32)
    y = layer(x).numpy()
    np.testing.assert_allclose(y, x @ layer.kernel.numpy() * 0.01 / 2 + 0.02, rtol=1e-5)
    assert 50 < layers.EqualizedDense(200, 0.01)(x).numpy().std() * 100 < 200  # the multiplier goes out of the output


def test_convolution_that_halves_filters_first():
    layer = layers.EqualizedConv2D(5, 1, down=True, use_bias=False, leaky=False)
    x = RNG.normal(size=(2, 8, 8, 3)).astype(np.float32)
    wanted = downsample(x).numpy() @ layer.kernel.numpy()[0, 0] / 3**0.5 if layer(x) is not None else None
    np.testing.assert_allclose(layer(x), wanted, atol=1e-5)
    halving = layers.EqualizedConv2D(5, down=True)
    assert halving(x).shape == halving.compute_output_shape(x.shape) == (2, 4, 4, 5)


def test_precision_follows_the_policy_or_stays(tmp_path):
    x = RNG.normal(size=(1, 4, 4, 3)).astype(np.float32)
    low = layers.EqualizedConv2D(2, dtype="mixed_bfloat16")
    same = layers.EqualizedConv2D(2, dtype="mixed_bfloat16", in_float32=True)
    assert low(x).dtype == "bfloat16" and same(x).dtype == "float32" and low.kernel.dtype == "float32"
    assert layers.EqualizedDense(2, dtype="mixed_bfloat16")(x).dtype == "float32"
    again = layers.EqualizedConv2D.from_config(same.get_config())
    assert again.in_float32 and again.get_config() == same.get_config()
    assert keras.saving.get_registered_name(layers.EqualizedConv2D) == "keras_transfer_gen>EqualizedConv2D"
