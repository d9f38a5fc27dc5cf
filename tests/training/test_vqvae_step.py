import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.objectives.reconstruction import structural_similarity
from keras_transfer_gen.training import vqvae as vqvae_module
from keras_transfer_gen.training import vqvae_step
from keras_transfer_gen.training.vqvae import VQVAE

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def vq():
    keras.utils.set_random_seed(0)
    options = {"max_channels": 16, "min_channels": 8}
    vq = VQVAE(build_token_encoder(32, **options), VectorQuantizer(16), build_token_decoder(32, **options))
    vq.compile(optimizer=keras.optimizers.SGD(0.1))
    return vq


def test_the_losses_are_those_of_numpy(vq):
    vq.quantizer.codebook.assign(np.random.default_rng(1).standard_normal((16, 32)).astype("float32"))
    values = vqvae_step.test_step(vq, tf.constant(IMAGES))
    real = IMAGES / np.float32(127.5) - 1
    vectors = vq.encoder(real).numpy()
    codes = vq.quantizer.codebook.numpy()[vq.encode(IMAGES)]
    made = vq.decoder(codes).numpy()
    error = real - made
    edges = np.abs(np.diff(error, axis=1)).mean() + np.abs(np.diff(error, axis=2)).mean()
    structure = 0.5 * (1 - np.mean(structural_similarity(real, made)))
    wanted = np.abs(error).mean() + edges + structure
    commitment = np.mean((vectors - codes) ** 2)
    assert float(values["reconstruction_loss"]) == pytest.approx(wanted, rel=1e-4)
    assert float(values["commitment_loss"]) == pytest.approx(commitment, rel=1e-4)
    assert float(values["loss"]) == pytest.approx(wanted + 0.25 * commitment, rel=1e-4)


def test_a_step_counts_and_moves_networks_and_codes(vq):
    before = [np.array(weights) for weights in vq.get_weights()]
    vqvae_step.train_step(vq, (tf.constant(IMAGES), tf.zeros(8, tf.int32)))
    assert (int(vq.step), int(vq.images_seen)) == (1, 8)
    for weights in (vq.encoder.trainable_variables[0], vq.decoder.trainable_variables[0], vq.quantizer.codebook):
        assert not any(np.array_equal(weights, old) for old in before if old.shape == weights.shape)


def test_evaluation_also_has_ssim_and_the_tokens_to_count(vq):
    values = vqvae_step.test_step(vq, tf.constant(IMAGES))
    real = tf.constant(IMAGES / np.float32(127.5) - 1)
    assert float(values["ssim"]) == pytest.approx(float(np.mean(tf.image.ssim(real + 1, vq(real) + 1, 2.0))), abs=1e-5)
    np.testing.assert_array_equal(values["codes_used"], vq.encode(IMAGES))
    figures = vq.evaluate(IMAGES, batch_size=4, verbose=0, return_dict=True)
    assert figures["codes_used"] == len(np.unique(vq.encode(IMAGES)))
    assert figures["ssim"] == pytest.approx(float(values["ssim"]), abs=1e-5)
    assert set(figures) == {*vqvae_module.MEASURES, "ssim", "codes_used"}
