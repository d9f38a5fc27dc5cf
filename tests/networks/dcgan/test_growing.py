import keras
import numpy as np
import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.networks.dcgan.conditional import build_conditional_discriminator, build_conditional_generator
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan, build_dcgan_discriminator, build_dcgan_generator
from keras_transfer_gen.networks.dcgan.growing import grow_discriminator, grow_generator

RNG = np.random.default_rng(0)
SMALL = {"max_channels": 16, "min_channels": 4}
LATENTS = RNG.normal(size=(3, 8)).astype(np.float32)
LABELS = np.array([0, 2, 1])


def draw_weights(network):
    """Every weight drawn, so that none is zero; variances stay positive."""
    network.set_weights([np.abs(RNG.normal(0.1, 0.2, weight.shape)) + 0.01 for weight in network.get_weights()])
    return network


@pytest.fixture(scope="module")
def pair():
    return [draw_weights(network) for network in build_dcgan(32, latent_dim=8, **SMALL)]


@pytest.fixture(scope="module")
def conditional_pair():
    generator = build_conditional_generator(32, latent_dim=8, num_classes=3, class_dim=4, **SMALL)
    return draw_weights(generator), draw_weights(build_conditional_discriminator(32, num_classes=3, **SMALL))


def enlarged(images):
    return np.asarray(images).repeat(2, axis=1).repeat(2, axis=2)


def test_grown_generator_begins_with_each_pixel_repeated(pair):
    grown = grow_generator(pair[0])
    images = grown(LATENTS)
    assert images.shape == (3, 64, 64, 3) and np.std(images) > 1e-3
    np.testing.assert_allclose(images, enlarged(pair[0](LATENTS)), atol=1e-5)


def test_conditional_generator_grows_with_its_classes(conditional_pair):
    inputs = {"latents": LATENTS, "labels": LABELS}
    np.testing.assert_allclose(
        grow_generator(conditional_pair[0])(inputs), enlarged(conditional_pair[0](inputs)), atol=1e-5
    )


def test_new_block_draws_details_that_the_pixels_before_did_not_have(pair):
    grown = grow_generator(pair[0])
    kernel = grown.get_layer("to_image_64").kernel
    kernel.assign(RNG.normal(size=kernel.shape))
    blocks = np.asarray(grown(LATENTS)).reshape(3, 32, 2, 32, 2, 3)
    assert np.ptp(blocks, axis=(2, 4)).max() > 0.01


def test_grown_discriminator_begins_by_judging_averages(pair, conditional_pair):
    images = RNG.normal(size=(3, 64, 64, 3)).astype(np.float32)
    averaged = images.reshape(3, 32, 2, 32, 2, 3).mean((2, 4))
    np.testing.assert_allclose(grow_discriminator(pair[1])(images), pair[1](averaged), rtol=1e-4)
    np.testing.assert_allclose(
        grow_discriminator(conditional_pair[1])({"images": images, "labels": LABELS}),
        conditional_pair[1]({"images": averaged, "labels": LABELS}), rtol=1e-4,
    )  # fmt: skip


def test_details_reach_the_second_block(pair):
    grown = grow_discriminator(pair[1])
    kernel = grown.get_layer("detail_sum_64").kernel
    kernel.assign(RNG.normal(size=kernel.shape))
    flat = np.zeros((1, 64, 64, 3), np.float32)
    checked = flat + np.where(np.indices((64, 64)).sum(0) % 2, 1.0, -1.0)[None, :, :, None]  # its averages are 0
    assert abs(float(grown(flat)[0, 0] - grown(checked)[0, 0])) > 1e-3


def test_networks_grow_again_and_are_saved(pair, tmp_path):
    generator, discriminator = (
        grow(grow(n)) for grow, n in zip((grow_generator, grow_discriminator), pair, strict=True)
    )
    images = generator(LATENTS)
    np.testing.assert_allclose(images, enlarged(enlarged(pair[0](LATENTS))), atol=1e-5)
    averaged = np.asarray(images).reshape(3, 32, 4, 32, 4, 3).mean((2, 4))
    np.testing.assert_allclose(discriminator(images), pair[1](averaged), rtol=1e-4)
    generator.save(tmp_path / "g.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "g.keras")(LATENTS), images)


def test_blocks_are_named_by_their_side(pair):
    for network in (grow_generator(pair[0]), grow_discriminator(pair[1])):
        assert {"block_64", "block_32", "block_16", "block_8", "block_4"} <= {layer.name for layer in network.layers}


def test_other_networks_and_the_largest_are_refused():
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(12), keras.layers.Reshape((2, 2, 3))])
    with pytest.raises(UserError, match="`generator` must be a generator of a DCGAN of 2 pixels"):
        grow_generator(other)
    with pytest.raises(UserError, match="at most 256"):
        grow_discriminator(build_dcgan_discriminator(256, max_channels=4, min_channels=2))
    with pytest.raises(UserError, match="at most 256"):
        grow_generator(build_dcgan_generator(256, max_channels=4, min_channels=2))
