import numpy as np
import pytest

import keras_transfer_gen as ktg
from keras_transfer_gen import tables
from keras_transfer_gen.networks.blended.known import blend_layer, with_known_images
from keras_transfer_gen.networks.class_rows import takes_labels, with_classes, without_labels
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder
from tests.blended_fixtures import LATENT_DIM, blended_gan, blended_generator, fine_generator

ENTRY = tables.load(tables.ARCHITECTURES["blended_codes"])


def test_it_is_not_built_from_nothing():
    spec = ktg.ModelSpec(image_size=32, channels=3, latent_dim=4, arch="blended_codes")
    with pytest.raises(ktg.UserError, match="trained VQ-VAE"):
        ENTRY.build(spec)


def test_scratch_is_a_dcgan_of_the_same_latents_and_classes():
    gan = blended_gan()
    generator, discriminator = ENTRY.rebuild((gan.generator, gan.discriminator))
    assert blend_layer(generator) is None and takes_labels(generator) and takes_labels(discriminator)
    inputs = {"latents": np.ones((2, LATENT_DIM)), "labels": np.array([0, 2])}
    assert generator(inputs).shape == (2, 32, 32, 3)
    assert not np.array_equal(discriminator.get_weights()[0], gan.discriminator.get_weights()[0])


def test_scratch_of_one_class_takes_no_labels():
    gan = blended_gan()
    one = with_known_images(gan.generator, [1, 2], np.ones((2, LATENT_DIM)), np.zeros(2))
    judge = without_labels(with_classes(gan.discriminator, [[1.0, 0.0, 0.0]]))
    generator, discriminator = ENTRY.rebuild((one, judge))
    assert discriminator(generator(np.ones((2, LATENT_DIM)))).shape == (2, 1)


@pytest.mark.parametrize("fine", [False, True])
def test_both_networks_grow(fine):
    decoder = build_token_decoder(32, downsampling=4, code_dim=3, max_channels=8, min_channels=4)
    generator = fine_generator() if fine else blended_generator(decoder)
    discriminator = blended_gan().discriminator
    inputs = {"latents": np.random.default_rng(2).normal(size=(3, LATENT_DIM)), "labels": np.array([0, 1, 2])}
    images = np.asarray(generator(inputs))
    grown = ENTRY.grow(None, (generator, discriminator))
    np.testing.assert_allclose(grown[0](inputs), images.repeat(2, axis=1).repeat(2, axis=2), atol=1e-5)
    assert grown[1].input["images"].shape == (None, 64, 64, 3)
