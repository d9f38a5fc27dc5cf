import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.networks.upsampling import convolve_enlarged

RNG = np.random.default_rng(0)


def made_conv(channels, filters, dtype="float32"):
    conv = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, dtype=dtype)
    conv.build((None, None, None, channels))
    return conv


def by_hand(x, kernel):
    """Repeats pixels and rows, then sums the nine products of each output pixel."""
    large = x.repeat(2, axis=1).repeat(2, axis=2)
    padded = np.pad(large, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = large.shape[1:3]
    parts = [padded[:, i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3)]
    return sum(parts)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(2, 4, 4, 3), (1, 7, 7, 2), (3, 1, 5, 1)])
def test_equals_repeated_pixels_and_nine_products(shape, training):
    conv, x = made_conv(shape[-1], 5), RNG.normal(size=shape).astype(np.float32)
    found = convolve_enlarged(conv, x, training).numpy()
    assert found.shape == (shape[0], 2 * shape[1], 2 * shape[2], 5)
    np.testing.assert_allclose(found, by_hand(x, conv.kernel.numpy()), atol=1e-5)


def test_gradients_are_those_of_resize_and_convolution():
    conv, x = made_conv(3, 4), tf.constant(RNG.normal(size=(2, 6, 6, 3)), tf.float32)
    wanted = RNG.normal(size=(2, 12, 12, 4)).astype(np.float32)
    found = []
    for training in (True, False):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(wanted * convolve_enlarged(conv, x, training))
        found.append(tape.gradient(loss, [x, conv.kernel.value]))
    for quick, plain in zip(*found, strict=True):
        np.testing.assert_allclose(quick, plain, atol=2e-5)


@pytest.mark.parametrize("training", [True, False])
def test_computes_in_the_type_of_its_inputs(training):
    conv, x = made_conv(8, 4, "mixed_bfloat16"), RNG.normal(size=(1, 4, 4, 8)).astype(np.float32)
    found = convolve_enlarged(conv, tf.cast(x, tf.bfloat16), training)
    assert found.dtype == tf.bfloat16 and conv.kernel.dtype == "float32"
    np.testing.assert_allclose(tf.cast(found, tf.float32), by_hand(x, conv.kernel.numpy()), atol=0.1)


def test_batches_of_unknown_length_and_xla_give_the_same():
    conv, x = made_conv(2, 3), RNG.normal(size=(5, 4, 4, 2)).astype(np.float32)
    signature = [tf.TensorSpec((None, 4, 4, 2), tf.float32)]
    traced = tf.function(lambda inputs: convolve_enlarged(conv, inputs, True), input_signature=signature)
    compiled = tf.function(lambda inputs: convolve_enlarged(conv, inputs, True), jit_compile=True)
    for step in (traced, compiled):
        np.testing.assert_allclose(step(x), convolve_enlarged(conv, x), atol=1e-5)
