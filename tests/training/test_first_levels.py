"""A prior over the first levels of a VQ-VAE's tokens: the decoder makes up the rest."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.residual_quantizer import ResidualQuantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.training import drawn_tokens
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.vqvae import VQVAE

FEW = {"max_channels": 8, "min_channels": 4}
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def vq():
    keras.utils.set_random_seed(0)
    prior = TokenPrior(TokenTransformer((8, 4), 32, width=12, depth=1, heads=2))
    networks = build_token_encoder(32, **FEW), ResidualQuantizer(3, 16), build_token_decoder(32, **FEW)
    vq = VQVAE(*networks, prior=prior)
    for number, level in enumerate(vq.quantizer.levels):
        level.codebook.assign(np.random.default_rng(number).standard_normal((16, 32)))
    return vq


def test_images_are_decoded_from_what_it_draws(vq):
    assert (vq.grid, vq.prior_grid, vq.spec.latent_dim) == ((12, 4), (8, 4), 32)
    tokens = vq.prior.draw(5, seed=2)
    levels = [level.lookup(tokens[:, 4 * n : 4 * n + 4] % 16) for n, level in enumerate(vq.quantizer.levels[:2])]
    images = pixels.to_uint8(vq.decoder(tf.add_n(levels))).numpy()
    assert np.abs(vq.generate(5, seed=2).astype(int) - images).max() <= 1 and images.std() > 1
    np.testing.assert_array_equal(vq.generate(5, seed=2), vq.decode(tokens))


def test_it_learns_and_measures_the_tokens_of_its_levels(vq):
    tokens = vq.encode(IMAGES)
    assert tokens.shape == (5, 12, 4)
    np.testing.assert_array_equal(vq.prior.nats(tokens), vq.prior.nats(tokens[:, :8]))
    assert vq.prior.token_nats(tokens).shape == (5, 8, 4)
    for data in (IMAGES, tokens, tokens[:, :8]):
        vq.prior.compile(keras.optimizers.SGD(0.0))
        logs = vq.prior.fit(data, batch_size=5, verbose=0).history
        assert logs["nats"][0] == pytest.approx(vq.prior.nats(tokens).mean(), rel=0.1)  # some tokens are replaced


def test_half_of_a_batch_is_reconstructed_from_its_levels(vq):
    vq.compile(keras.optimizers.SGD(0.0))
    real = pixels.to_model_range(IMAGES[:4])
    tokens = vq.quantizer.tokens(vq.encoder(real, training=True))
    codes = [tf.concat([vq.quantizer.lookup(tokens[:2, :8], 2), vq.quantizer.lookup(tokens[2:])], 0)]
    codes.append(vq.quantizer.lookup(tokens))
    half, whole = (vq.reconstruction.loss(real, vq.decoder(c, training=True)).numpy().mean() for c in codes)
    assert abs(half / whole - 1) > 0.003

    def loss():
        return vq.train_on_batch(IMAGES[:4], return_dict=True)["reconstruction_loss"]

    vq.quantizer.trainable = False
    assert loss() == pytest.approx(half, rel=2e-4)
    vq.set_prior(TokenPrior(TokenTransformer((12, 4), 48, width=12, depth=1, heads=2)))  # of all levels
    vq.reset_metrics()
    assert loss() == pytest.approx(whole, rel=2e-4)


def test_its_draws_are_judged(vq):
    vq.set_drawn_tokens(vq.prior.draw(6))
    vq.seed = 0
    codes = drawn_tokens.drawn_codes(vq, tf.constant(5), tf.constant(0, tf.int64))
    every = [vq.quantizer.lookup(grid[None], 2) for grid in vq.drawn_tokens.tokens.numpy()]
    assert codes.shape == (2, 4, 4, 32)
    assert all(any(np.array_equal(code, one[0]) for one in every) for code in codes)


@pytest.mark.parametrize(("grid", "codes"), [((4, 4), 32), ((6, 4), 16), ((12, 4), 32), ((16, 4), 64)])
def test_another_grid_or_codebook_is_refused(vq, grid, codes):
    with pytest.raises(checks.UserError, match=r"over 12 x 4 tokens of 48 codes, or over those of the first of 3"):
        vq.set_prior(TokenPrior(TokenTransformer(grid, codes, width=12, depth=1, heads=2)))
    with pytest.raises(checks.UserError, match="tokens"):
        vq.decode(np.zeros((1, 6, 4), int))
