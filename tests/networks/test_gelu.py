import math

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.networks.gelu import gelu

X = np.concatenate([np.linspace(-12.0, 12.0, 4801), [-1e4, 1e4]])


def test_equals_the_closed_form():
    wanted = [x * 0.5 * math.erfc(-x / math.sqrt(2.0)) for x in X]
    np.testing.assert_allclose(gelu(np.float32(X)), wanted, rtol=1e-6, atol=1e-6)


def test_gradient_equals_the_closed_form_and_tensorflows():
    x = tf.constant(X, tf.float32)
    found = []
    for function in (gelu, tf.nn.gelu):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(function(x) * 3.0)
        found.append(tape.gradient(y, x).numpy())
    density = np.exp(-0.5 * X**2) / math.sqrt(2.0 * math.pi)
    wanted = [3.0 * (0.5 * math.erfc(-x / math.sqrt(2.0)) + x * d) for x, d in zip(X, density, strict=True)]
    np.testing.assert_allclose(found[0], wanted, atol=3e-6)
    np.testing.assert_allclose(*found, atol=3e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_other_types_keep_their_type_and_differ_by_rounding_alone(dtype):
    x = tf.cast(tf.linspace(-4.0, 4.0, 801), dtype)
    assert gelu(x).dtype == dtype
    exact = tf.nn.gelu(tf.cast(x, tf.float32))
    np.testing.assert_allclose(tf.cast(gelu(x), tf.float32), exact, atol=0.02 if dtype == "bfloat16" else 0.003)
