"""`GAN`, continued: a generator that takes labels, and latents of another distribution."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, tables
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.latents import numbered_labels, numbered_latents
from tests.conditional_fixtures import coloured_images, conditional_toy

SPEC = ModelSpec(image_size=28, channels=1, latent_dim=4, num_classes=3, distribution="uniform")
REAL = np.random.default_rng(0).integers(0, 256, (16, 28, 28, 1), np.uint8)


def make_gan():
    keras.utils.set_random_seed(0)
    inputs = {"latents": keras.Input((4,), name="latents"), "labels": keras.Input((), dtype="int32", name="labels")}
    x = keras.layers.Embedding(3, 4, name="classes", embeddings_initializer="orthogonal")(inputs["labels"])
    x = keras.layers.Dense(49, name="dense")(x + inputs["latents"])
    x = keras.layers.UpSampling2D(4)(keras.layers.Reshape((7, 7, 1))(x))
    generator = keras.Model(inputs, keras.layers.Activation("tanh")(x), name="generator")
    gan = GAN(generator, build_dcgan_discriminator(28, 1, max_channels=16, min_channels=8), spec=SPEC)
    gan.compile()
    return gan


def test_images_are_those_of_numbered_latents_and_labels():
    gan = make_gan()
    images = gan.generate(5, seed=3)
    inputs = {
        "latents": numbered_latents(range(5), 4, 3, distribution="uniform"),
        "labels": numbered_labels(range(5), 3, 3),
    }
    expected = np.asarray(gan.ema_generator(inputs))
    assert images.dtype == np.uint8 and np.abs(images - (expected + 1) * 127.5).max() <= 0.51
    assert np.array_equal(gan.generate(2, seed=3, start=3), images[3:])
    assert np.array_equal(np.asarray(gan(inputs)), expected)


def test_fit_trains_the_classes_and_a_saved_model_goes_on_with_the_same_bits(tmp_path):
    whole, parts = make_gan(), make_gan()
    before = whole.generator.get_layer("classes").get_weights()[0]
    for gan, epochs in ((whole, 2), (parts, 1)):
        gan.fit(REAL, batch_size=8, epochs=epochs, shuffle=False, verbose=0)
    parts.save(tmp_path / "gan.keras")
    parts = keras.models.load_model(tmp_path / "gan.keras")
    parts.fit(REAL, batch_size=8, epochs=1, shuffle=False, verbose=0)
    assert (np.abs(whole.generator.get_layer("classes").get_weights()[0] - before).max(axis=1) > 0).all()
    for a, b in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert parts.spec == SPEC
    assert set(parts.test_step(tf.constant(REAL))) >= {"d_loss", "g_loss"}


def test_classes_are_called_by_name_and_keep_their_names_in_the_file(tmp_path):
    gan = make_gan()
    gan.spec = dataclasses.replace(SPEC, class_names=["shirts", "shoes", "bags"])
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert loaded.spec.class_names == ["shirts", "shoes", "bags"]
    assert np.array_equal(loaded.generate(3, label="shoes"), gan.generate(3, label=1))
    with pytest.raises(checks.UserError, match=r"`label` must be one of 'shirts'.*Did you mean shoes"):
        gan.generate(3, label="shoe")


def test_spec_and_generator_must_agree():
    gan = make_gan()
    plain = ModelSpec(image_size=28, channels=1, latent_dim=4)
    with pytest.raises(checks.UserError, match=r"`generator` must be a model of \(None, 4\), as its spec says"):
        GAN(gan.generator, gan.discriminator, spec=plain)
    with pytest.raises(checks.UserError, match="`spec` must be given for a generator that takes labels"):
        GAN(gan.generator, gan.discriminator)


def test_two_replicas_draw_labels_of_their_own(two_cpus):
    with two_cpus.scope():
        gan = make_gan()
    gan.fit(REAL, batch_size=8, epochs=1, shuffle=False, verbose=0)
    assert int(gan.step.numpy()) == 2 and np.isfinite(gan.get_weights()[0]).all()


def test_two_replicas_are_shown_images_with_their_own_labels(two_cpus):
    """One wrong label would change the projection of a class that has no image."""
    with conditional_toy(), two_cpus.scope():
        spec = ModelSpec(image_size=8, channels=3, latent_dim=4, num_classes=3, arch="conditional_toy")
        spec = dataclasses.replace(spec, class_shares=(0.5, 0.5, 0.0))
        gan = GAN(*tables.architecture_of(spec).build(spec, {"features": 4}), spec=spec)
    gan.compile(penalty=None)
    images = np.concatenate(list(coloured_images(8).values())[:2])
    before = [network.get_layer("classes").get_weights()[0] for network in (gan.generator, gan.discriminator)]
    gan.fit(load_images(images, 8, batch_size=8, labels=np.repeat([0, 1], 8)), steps_per_epoch=4, verbose=0)
    for network, rows in zip((gan.generator, gan.discriminator), before, strict=True):
        changed = np.abs(network.get_layer("classes").get_weights()[0] - rows).max(axis=1) > 0
        assert changed.tolist() == [True, True, False]
