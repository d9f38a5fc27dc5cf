import keras
import numpy as np
import pytest

from keras_transfer_gen import tables
from keras_transfer_gen.networks.stylegan2.entries import STYLEGAN2
from keras_transfer_gen.specs import ModelSpec

SPEC = ModelSpec(image_size=16, channels=3, latent_dim=6, arch="stylegan2")
SMALL = {"channel_base": 64, "channel_max": 8, "w_dim": 5, "mapping_layers": 2}


@pytest.fixture(scope="module")
def networks():
    return STYLEGAN2.build(SPEC, {**SMALL, "g_architecture": "resnet", "d_architecture": "skip", "clamp": 2.0})


def test_options_reach_the_networks(networks):
    assert tables.architecture_of(SPEC) is STYLEGAN2
    generator, discriminator = networks
    assert generator.get_layer("block_16").get_config()["architecture"] == "resnet"
    assert generator.get_layer("block_16").filters == 4 and generator.get_layer("block_16").clamp == 2.0
    assert discriminator.get_layer("block_16").get_config()["architecture"] == "skip"
    assert generator.get_layer("mapping").units == [5, 5]


def test_blocks_begin_at_the_image(networks):
    wanted = {"generator": ["block_16", "block_8", "block_4", "mapping"], "discriminator": ["block_16", "block_8"]}
    for (role, names), network in zip(wanted.items(), networks, strict=True):
        paths = [f"{role}/{variable.path}" for variable in network.variables]
        assert STYLEGAN2.blocks(role, paths) == [f"{role}/{name}" for name in names]


def test_networks_from_scratch_have_other_weights(networks):
    keras.utils.set_random_seed(1)
    fresh = STYLEGAN2.rebuild(networks)
    kernels = [network.get_layer("block_4").get_weights()[0] for network in (networks[0], fresh[0])]
    assert kernels[0].shape == kernels[1].shape and not np.array_equal(*kernels)


def test_discriminator_for_a_generator_that_has_none():
    discriminator = STYLEGAN2.fresh_discriminator(ModelSpec(image_size=8, channels=1, latent_dim=6, num_classes=2))
    assert discriminator.input["images"].shape == (None, 8, 8, 1)
    assert discriminator.get_layer("block_8").filters == 512


def test_networks_grow_to_twice_the_side(networks):
    grown = STYLEGAN2.grow(SPEC, networks)
    assert grown[0].output_shape == (None, 32, 32, 3) and grown[1].input_shape == (None, 32, 32, 3)
    kept = [network.get_layer("block_16").get_weights()[0] for network in (networks[0], grown[0])]
    np.testing.assert_array_equal(*kept)


def test_styles_are_an_intermediate(networks):
    (layer,) = STYLEGAN2.intermediates.values()
    assert keras.Model(networks[0].input, networks[0].get_layer(layer).output).output_shape == (None, 6, 5)
