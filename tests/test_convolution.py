"""Faster gradients of convolutions are the same gradients, the second ones too."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import convolution, native_kernels
from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.vae import VAE

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
# side, channels, size, filters, stride: each way of computing a gradient, and a shape that is left to TensorFlow
SHAPES = [(8, 16, 3, 3, 1), (4, 12, 3, 16, 1), (8, 8, 4, 12, 2), (8, 3, 4, 8, 2), (8, 4, 4, 128, 2), (7, 4, 4, 4, 2)]


def derivatives(function, images, kernel):
    """Value, first derivatives, and those of the length of the first in the images."""
    with tf.GradientTape() as outer:
        outer.watch([images, kernel])
        with tf.GradientTape() as inner:
            inner.watch([images, kernel])
            answers = function(images, kernel)
            total = tf.reduce_sum(tf.sin(answers))
        first = inner.gradient(total, [images, kernel])
        length = tf.reduce_sum(tf.square(first[0])) + tf.reduce_sum(tf.square(first[1]))
    return [answers, *first, *outer.gradient(length, [images, kernel])]


def assert_alike(actual, expected):
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * float(tf.reduce_max(tf.abs(other))))


@pytest.mark.parametrize(("side", "channels", "size", "filters", "stride"), SHAPES)
def test_convolution_has_the_derivatives_of_tensorflow(side, channels, size, filters, stride):
    images = tf.random.stateless_normal((2, side, side, channels), (0, 1))
    kernel = tf.random.stateless_normal((size, size, channels, filters), (0, 2)) / 8
    expected = derivatives(lambda x, k: tf.nn.conv2d(x, k, stride, "SAME"), images, kernel)
    assert_alike(derivatives(lambda x, k: convolution.convolve(x, k, stride), images, kernel), expected)


@pytest.mark.parametrize(("side", "channels", "size", "filters", "stride"), SHAPES)
def test_transposed_convolution_has_the_derivatives_of_tensorflow(side, channels, size, filters, stride):
    answers = tf.random.stateless_normal((2, side // 2, side // 2, filters), (0, 1))
    kernel = tf.random.stateless_normal((size, size, channels, filters), (0, 2)) / 8
    expected = derivatives(lambda x, k: convolution._plain_turned(x, k, stride), answers, kernel)
    assert_alike(derivatives(lambda x, k: convolution.turned(x, k, stride), answers, kernel), expected)


def weights_after(model, fast, monkeypatch):
    monkeypatch.setattr(convolution, "are_faster_here", lambda: fast)
    step = tf.function(lambda: model.train_step(tf.constant(IMAGES)))
    for _ in range(3):
        step()
    return [variable.numpy() for variable in model.trainable_variables]


def gan_of_plain_descent():
    keras.utils.set_random_seed(0)
    gan = GAN(*build_dcgan(32, max_channels=32, latent_dim=8))
    gan.compile(penalty="r1:interval=2", g_optimizer=keras.optimizers.SGD(0.1), d_optimizer=keras.optimizers.SGD(0.1))
    return gan


def vae_of_plain_descent():
    keras.utils.set_random_seed(0)
    vae = VAE(*build_conv_vae(32, latent_dim=8, max_channels=32))
    vae.compile(keras.optimizers.SGD(1e-5))
    return vae


@pytest.mark.parametrize("make", [gan_of_plain_descent, vae_of_plain_descent])
def test_training_gives_the_same_weights(make, monkeypatch):
    start = [variable.numpy() for variable in make().trainable_variables]
    slow, fast = weights_after(make(), False, monkeypatch), weights_after(make(), True, monkeypatch)
    assert max(np.abs(a - b).max() for a, b in zip(start, slow, strict=True)) > 1e-3
    for one, other in zip(slow, fast, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_layers_compute_as_before_outside_of_a_training_step():
    gan = gan_of_plain_descent()
    conv = gan.discriminator.get_layer("block_32").conv
    graph = tf.function(lambda x: conv(x)).get_concrete_function(tf.TensorSpec((1, 32, 32, 3))).graph
    assert "IdentityN" not in {operation.type for operation in graph.get_operations()}
    convolution.use_in_layers(gan)
    assert not isinstance(conv.convolution_op.original, convolution._LayerConvolution)


def test_only_processors_without_avx512_use_them(monkeypatch, tmp_path):
    file = tmp_path / "cpuinfo"
    monkeypatch.setattr(native_kernels, "CPUINFO", file)
    monkeypatch.delenv(native_kernels.ONEDNN, raising=False)
    for text, expected in (("flags: avx avx2", True), ("flags: avx2 avx512f", False), ("Features: neon", False)):
        file.write_text(text)
        convolution.are_faster_here.cache_clear()
        assert convolution.are_faster_here() is expected
    file.write_text("flags: avx avx2")
    monkeypatch.setenv(native_kernels.ONEDNN, "1")
    convolution.are_faster_here.cache_clear()
    assert convolution.are_faster_here() is False
    convolution.are_faster_here.cache_clear()
