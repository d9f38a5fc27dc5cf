"""Grids that a prior drew, judged beside reconstructions: written-out losses, what a file keeps, what is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.patch_discriminator import build_patch_discriminator
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.protocols import Augment
from keras_transfer_gen.training import checkpoint, drawn_tokens, vqvae_step
from keras_transfer_gen.training.vqvae import VQVAE

FEW = {"max_channels": 4, "min_channels": 4}
GRID = {**FEW, "downsampling": 4, "residual_blocks": 0}
IMAGES = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), dtype=np.uint8)
SHARES = np.float32([0.3] * 4 + [0.8] * 3)  # of four reconstructions and three draws
DRAWN = np.random.default_rng(1).integers(0, 16, (5, 8, 8))


def make_vq(drawn=DRAWN, **arguments):
    keras.utils.set_random_seed(0)
    networks = build_token_encoder(32, **GRID), VectorQuantizer(16), build_token_decoder(32, **GRID)
    vq = VQVAE(*networks, discriminator=build_patch_discriminator(32, halvings=2, **FEW))
    vq.encoder.trainable = vq.quantizer.trainable = False
    vq.set_drawn_tokens(drawn)
    optimizers = {"optimizer": keras.optimizers.SGD(0.1), "d_optimizer": keras.optimizers.SGD(0.2)}
    vq.compile(**{**optimizers, "penalty": None, "seed": 3, **arguments})
    return vq


def values(variables):
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def test_half_of_the_batch_is_reconstructed_and_as_many_draws_are_judged():
    vq = make_vq(adversarial_weight=0.3, drawn_weight=0.8, penalty=R1(2.0, interval=1))
    real = tf.constant(IMAGES / np.float32(127.5) - 1)
    decoder, discriminator = vq.decoder.trainable_variables, vq.discriminator.trainable_variables
    drawn = drawn_tokens.drawn_codes(vq, tf.constant(7), tf.constant(0, tf.int64))
    assert drawn.shape == (3, 8, 8, 32)
    codes = tf.concat([vq.quantizer(vq.encoder(real[:4])), drawn], 0)
    with tf.GradientTape(persistent=True) as tape:
        images = vq.decoder(codes, training=True)
        error = tf.reduce_mean(vq.reconstruction.loss(real[:4], images[:4]))
        losses = tf.reduce_mean(tf.nn.softplus(-vq.discriminator(images)), (1, 2, 3))
        judged, shared = tf.reduce_mean(losses), tf.reduce_mean(losses * SHARES)
        fake = tf.nn.softplus(vq.discriminator(tf.stop_gradient(images)))
        d_total = tf.reduce_mean(tf.nn.softplus(-vq.discriminator(real))) + tf.reduce_mean(fake)
        with tf.GradientTape() as inner:
            inner.watch(real)
            total = tf.reduce_sum(vq.discriminator(real))
        d_total += tf.reduce_mean(tf.reduce_sum(inner.gradient(total, real) ** 2, (1, 2, 3)))  # gamma / 2 is 1
    pairs = [tape.gradient(loss, vq.decoder.get_layer("to_image").kernel.value) for loss in (error, judged)]
    weight = np.linalg.norm(pairs[0]) / np.linalg.norm(pairs[1])
    both = [a + weight * b for a, b in zip(*(tape.gradient(x, decoder) for x in (error, shared)), strict=True)]
    expected = [w - 0.1 * g for w, g in zip(values(decoder), both, strict=True)]
    gradients = tape.gradient(d_total, discriminator)
    d_expected = [w - 0.2 * g for w, g in zip(values(discriminator), gradients, strict=True)]
    measures = vqvae_step.train_step(vq, tf.constant(IMAGES))
    for variables, targets in ((decoder, expected), (discriminator, d_expected)):
        for variable, target in zip(variables, targets, strict=True):
            np.testing.assert_allclose(variable, target, rtol=1e-3, atol=1e-5)
    psnr = np.mean(tf.image.psnr(real[:4], images[:4], 2.0))
    assert float(measures["psnr"]) == pytest.approx(psnr, rel=1e-5)
    assert float(measures["reconstruction_loss"]) == pytest.approx(float(error), rel=1e-5)
    assert vq.kimg == 0.007


def test_every_grid_comes_and_a_step_says_which():
    vq = make_vq()
    picks = [vq.drawn_tokens.pick(64, tf.constant([0, number])).numpy() for number in (1, 2, 1)]
    assert np.array_equal(picks[0], picks[2]) and not np.array_equal(picks[0], picks[1])
    assert {grid.tobytes() for grid in picks[0]} == {grid.astype(np.int32).tobytes() for grid in DRAWN}


def test_a_checkpoint_keeps_them_and_goes_on_bit_by_bit(tmp_path):
    vq = make_vq(d_augment="diffaugment", penalty="r1:interval=2", optimizer=keras.optimizers.Adam(1e-3))
    vq.fit(IMAGES, batch_size=7, verbose=0)
    again, _ = checkpoint.load_checkpoint(checkpoint.save_checkpoint(vq, tmp_path, {}))
    assert np.array_equal(again.drawn_tokens.tokens, DRAWN)
    for model in (vq, again):
        model.fit(IMAGES, epochs=2, batch_size=7, verbose=0)
    for a, b in ((vq, again), (vq.optimizer, again.optimizer), (vq.d_optimizer, again.d_optimizer)):
        assert all(map(np.array_equal, values(a.variables), values(b.variables)))


def test_they_are_never_trained_and_leave_nothing_when_they_are_removed():
    vq = make_vq(None)
    bare = len(vq.weights)
    vq.set_drawn_tokens(DRAWN)
    vq.set_drawn_tokens(DRAWN[:2])
    assert len(vq.weights) == bare + 1 and vq.drawn_tokens.tokens.shape == (2, 8, 8)
    vq.fit(IMAGES, batch_size=7, verbose=0)
    assert np.array_equal(vq.drawn_tokens.tokens, DRAWN[:2])
    vq.set_drawn_tokens(None)
    assert len(vq.weights) == bare and vq.drawn_tokens is None


@pytest.mark.parametrize("tokens", [DRAWN[:, :4], DRAWN + 0.5, DRAWN + 16, DRAWN[:0]])
def test_what_are_no_grids_of_the_model_is_refused(tokens):
    with pytest.raises(checks.UserError, match="tokens"):
        make_vq(tokens)


class Blank(Augment):
    """Leaves next to nothing of an image."""

    def call(self, images, seed):
        return 1e-6 * images


def test_what_the_discriminator_sees_is_augmented():
    vq = make_vq(d_augment=Blank(), penalty=R1(2.0, interval=1))
    logits = vq.discriminator(tf.zeros((1, 32, 32, 3)))
    expected = float(tf.reduce_mean(tf.nn.softplus(-logits) + tf.nn.softplus(logits)))
    measures = vqvae_step.train_step(vq, tf.constant(IMAGES))
    assert float(measures["d_loss"]) == pytest.approx(expected, rel=1e-5)
    assert float(measures["adaptive_weight"]) > 1e3 and float(measures["penalty"]) < 1e-9  # hardly a gradient
