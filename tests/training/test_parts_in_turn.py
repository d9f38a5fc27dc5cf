import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.training.checkpoint import load_checkpoint, save_checkpoint
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.vqvae import VQVAE

OPTIONS = {"max_channels": 8, "min_channels": 4}
IMAGES = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def vq():
    keras.utils.set_random_seed(0)
    vq = VQVAE(build_token_encoder(32, **OPTIONS), VectorQuantizer(16), build_token_decoder(32, **OPTIONS))
    vq.compile()
    return vq


def test_a_prior_that_can_not_learn_is_refused(vq):
    with pytest.raises(checks.UserError, match="compiled prior"):
        vq.learn("prior")
    with pytest.raises(checks.UserError, match="'autoencoder', 'prior'"):
        vq.learn("decoder")


def test_one_fit_trains_each_part_in_turn_and_goes_on_after_a_checkpoint(vq, tmp_path):
    vq.set_prior(TokenPrior(TokenTransformer((4, 4), 16, width=12, depth=1, heads=2, dropout=0.0)))
    vq.prior.compile()
    assert len(vq.list_optimizers()) == 2
    parts = {"autoencoder": vq.decoder, "prior": vq.prior.network}
    for number, part in enumerate(("autoencoder", "prior", "autoencoder", "prior"), start=1):
        before = {name: [w.numpy() for w in network.trainable_variables] for name, network in parts.items()}
        vq.learn(part)
        history = vq.fit(IMAGES, batch_size=16, verbose=0).history
        assert ("nats" in history) == (part == "prior")
        for name, network in parts.items():
            pairs = zip(before[name], network.trainable_variables, strict=True)
            assert any(not np.array_equal(a, b.numpy()) for a, b in pairs) == (name == part)
        assert int(vq.step.numpy()) == number and vq.kimg == pytest.approx(0.016 * number)
    vq.test_step(tf.constant(IMAGES))  # as `evaluate` does, while the prior learns
    assert {"ssim", "codes_used"} <= set(vq.get_metrics_result())
    vq.reset_metrics()
    assert vq.get_metrics_result() == {}
    again, _ = load_checkpoint(save_checkpoint(vq, tmp_path, {}))
    for model in (vq, again):
        model.learn("prior")
        model.fit(IMAGES, batch_size=16, verbose=0, shuffle=False)
    for a, b in zip(vq.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
