import keras
import numpy as np
import pytest
from keras import ops

from keras_transfer_gen.networks.stylegan2 import modulation
from keras_transfer_gen.networks.stylegan2.resampling import FILTER

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 5, 5, 4)).astype(np.float32)
W = RNG.normal(size=(3, 6)).astype(np.float32)


def per_image_kernels(layer, style):
    """The kernel of each image, made and divided as the paper says: `[batch, 3, 3, in, out]`."""
    kernel = layer.kernel.numpy().transpose(0, 1, 3, 2) if layer.up else layer.kernel.numpy()
    kernels = kernel[None] * style[:, None, None, :, None]
    return kernels / np.sqrt((kernels**2).sum(axis=(1, 2, 3), keepdims=True) + 1e-8)


def with_noise(**arguments):
    layer = modulation.StyledConv2D(7, 5, **arguments)
    layer([X, W])
    layer.noise_strength.assign(0.5)
    return layer


def test_scaled_activations_equal_a_kernel_for_each_image():
    layer = with_noise(gain=0.5, clamp=1.5)
    kernels = per_image_kernels(layer, layer.affine(W).numpy())
    each = [ops.conv(X[n : n + 1], kernels[n], padding="same").numpy()[0] for n in range(3)]
    x = np.stack(each) + 0.5 * layer.noise_const.numpy()[None, :, :, None]
    wanted = np.clip(0.5 * 2**0.5 * np.where(x > 0, x, 0.2 * x), -0.75, 0.75)
    np.testing.assert_allclose(layer([X, W]), wanted, atol=1e-5)
    assert (np.abs(wanted) == 0.75).any()


def test_upsampling_is_a_full_transposed_convolution_and_the_filter():
    layer = modulation.StyledConv2D(2, 10, up=True, noise="none")
    out = layer([X, W]).numpy()
    kernels = per_image_kernels(layer, layer.affine(W).numpy())
    spread = np.zeros((11, 11, 2))
    for y in range(5):
        for x in range(5):
            spread[2 * y : 2 * y + 3, 2 * x : 2 * x + 3] += np.einsum("i,yxio->yxo", X[1, y, x], kernels[1])
    padded = np.pad(spread, ((1, 1), (1, 1), (0, 0)))
    x = 4 * sum(FILTER[a, b] * padded[a : a + 10, b : b + 10] for a in range(4) for b in range(4))
    np.testing.assert_allclose(out[1], 2**0.5 * np.where(x > 0, x, 0.2 * x), atol=1e-4)


def test_noise_is_stored_drawn_or_left_out():
    layer = with_noise()
    fixed = layer([X, W]).numpy()
    np.testing.assert_array_equal(layer([X, W]), fixed)
    drawn = layer([X, W], training=True).numpy()
    assert np.abs(drawn - fixed).max() > 0.1
    np.testing.assert_array_equal(layer([X, W], training=True), drawn)  # it follows from the styles
    assert np.abs(layer([X, W + 1e-6], training=True).numpy() - drawn).max() > 0.1
    layer.noise = "random"
    np.testing.assert_array_equal(layer([X, W]), drawn)
    none = modulation.StyledConv2D(7, 5, noise="none")
    none([X, W])
    assert [v.name for v in none.weights if "noise" in v.name] == []


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_low_precision_stays_near_float32(policy):
    layer = with_noise()
    low = modulation.StyledConv2D(7, 5, dtype=policy)
    low.build([X.shape, W.shape])
    low.set_weights(layer.get_weights())
    assert low([X, 1000 * W]).dtype == policy.removeprefix("mixed_")
    difference = np.abs(np.float32(ops.cast(low([X, W]), "float32")) - layer([X, W]).numpy()).max()
    assert 0 < difference < (0.01 if policy == "mixed_float16" else 0.1)


def test_image_has_no_demodulation():
    layer = modulation.StyledImage(3, clamp=0.5)
    image = layer([X, W]).numpy()
    scaled = X * layer.affine(W).numpy()[:, None, None] / 2
    np.testing.assert_allclose(image, np.clip(scaled @ layer.kernel.numpy()[0, 0], -0.5, 0.5), atol=1e-5)
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer)).clamp == 0.5
