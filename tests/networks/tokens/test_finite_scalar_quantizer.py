import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.finite_scalar_quantizer import FiniteScalarQuantizer
from keras_transfer_gen.training.vqvae import VQVAE

LEVELS = (8, 5, 4, 3)
VECTORS = np.random.default_rng(0).normal(0, 2, (50, 4)).astype("float32")


def numpy_levels(vectors):
    """The level of each number, from 0, written out one by one."""
    levels = np.empty(vectors.shape, int)
    for index, value in np.ndenumerate(vectors):
        count = LEVELS[index[-1]]
        reach, offset = 0.999 * (count - 1) / 2, 0.0 if count % 2 else 0.5
        levels[index] = round(np.tanh(value + np.arctanh(offset / reach)) * reach - offset) + count // 2
    return levels


def test_codes_and_tokens_are_those_of_numpy():
    layer = FiniteScalarQuantizer(LEVELS)
    levels = numpy_levels(VECTORS)
    halves = np.array([4, 2, 2, 1])
    codes, tokens, distance = layer.straight_through(tf.constant(VECTORS))
    np.testing.assert_allclose(codes, (levels - halves) / halves, atol=1e-6)
    np.testing.assert_array_equal(tokens, levels @ np.array([1, 8, 40, 160]))
    np.testing.assert_allclose(layer.lookup(tokens), codes, atol=1e-6)
    np.testing.assert_array_equal(layer(VECTORS), codes)
    assert float(distance) == 0 and tokens.dtype == tf.int32


def test_every_code_is_in_reach_and_has_its_own_number():
    layer = FiniteScalarQuantizer(LEVELS)
    assert (layer.num_codes, layer.code_dim) == (480, 4)
    codes = layer.lookup(tf.range(480)).numpy()
    assert len(np.unique(codes, axis=0)) == 480 and np.abs(codes).max() == 1
    far = [np.linspace(-9, 9, 4000)] * 4
    numbers = [np.unique(layer.tokens(np.float32([[*row] for row in zip(*far, strict=True)])))]
    assert numbers[0].min() == 0 and numbers[0].max() == 479  # the outermost levels of all four
    for dimension, count in enumerate(LEVELS):
        line = np.zeros((4000, 4), np.float32)
        line[:, dimension] = np.linspace(-9, 9, 4000)
        assert len(np.unique(layer.tokens(line))) == count


def test_zero_is_a_code_and_gradients_pass_the_rounding():
    layer, vectors = FiniteScalarQuantizer(LEVELS), tf.constant(VECTORS)
    np.testing.assert_allclose(layer(tf.zeros((1, 4))), np.zeros((1, 4)), atol=1e-6)
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        total = tf.reduce_sum(layer(vectors))
    reach = np.array([0.999 * (count - 1) / 2 for count in LEVELS])
    shift = np.arctanh(np.array([0.5, 0, 0.5, 0]) / reach)
    slope = reach * (1 - np.tanh(VECTORS + shift) ** 2) / np.array([4, 2, 2, 1])
    np.testing.assert_allclose(tape.gradient(total, vectors), slope, rtol=1e-3, atol=1e-5)


def test_a_vqvae_trains_with_it_and_is_kept_in_a_file(tmp_path):
    few = {"max_channels": 16, "min_channels": 8, "downsampling": 4, "code_dim": 3, "residual_blocks": 0}
    vq = VQVAE(build_token_encoder(32, **few), FiniteScalarQuantizer((5, 4, 3)), build_token_decoder(32, **few))
    vq.compile(keras.optimizers.Adam(3e-3))
    images = np.full((32, 32, 32, 3), 255, np.uint8)
    for number, image in enumerate(images):
        image[number % 16 : number % 16 + 16, 8:24] = 8 * number
    logs = vq.fit(images, epochs=12, batch_size=8, verbose=0).history
    assert logs["reconstruction_loss"][-1] < 0.6 * logs["reconstruction_loss"][0]
    assert logs["commitment_loss"] == [0.0] * 12 and logs["perplexity"][-1] > 3
    vq.save(tmp_path / "vq.keras")
    again = keras.models.load_model(tmp_path / "vq.keras")
    assert again.quantizer.levels == (5, 4, 3)
    np.testing.assert_array_equal(again.reconstruct(images), vq.reconstruct(images))


def test_what_cannot_be_used_is_refused():
    for levels, match in (((8, 2), "at least 3"), ((), "sequence"), (8, "sequence"), ((256,) * 3, "below 2")):
        with pytest.raises(checks.UserError, match=match):
            FiniteScalarQuantizer(levels)
    with pytest.raises(checks.UserError, match="vectors of length 4"):
        FiniteScalarQuantizer().build((None, 4, 4, 32))
