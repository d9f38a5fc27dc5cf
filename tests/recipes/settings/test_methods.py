import re

import pytest

from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.networks.latents.latent_mapper import insert_latent_mapper
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.settings.methods import ADDED, GAN_METHODS, VAE_METHODS
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.freezing.freeze import freeze

TRAINED = {  # method of a VAE: its trainable networks, and whether their kernels are trained
    "decoder": ({"decoder"}, True),
    "bsa": ({"decoder"}, False),
    "anchored": ({"encoder", "decoder"}, True),
    "full": ({"encoder", "decoder"}, True),
}


@pytest.fixture(scope="module")
def mapped_gan():
    """A small GAN with a mapper of latents in front of its generator."""
    generator, discriminator = build_dcgan(32, latent_dim=8, max_channels=16)
    return GAN(insert_latent_mapper(generator), discriminator)


@pytest.fixture(scope="module")
def trained(mapped_gan):
    """Function: method -> paths of what it trains of the GAN."""

    def paths(method):
        report = freeze(mapped_gan, [*GAN_METHODS[method].rules, (".*", True)])
        return {row.path for row in report.rows if row.trainable}

    return paths


def is_discriminator(path):
    return path.startswith("discriminator/")


def test_full_trains_everything(trained):
    assert {path.rsplit("/", 1)[-1] for path in trained("full")} == {"kernel", "bias", "gamma", "beta"}


def test_bsa_trains_scales_shifts_and_biases_of_the_generator(trained):
    of_generator = {path for path in trained("bsa") if not is_discriminator(path)}
    assert "generator/block_8/norm/gamma" in of_generator and not any("kernel" in path for path in of_generator)


def test_minegan_trains_the_mapper_alone_of_the_generator(trained):
    of_generator = {path for path in trained("minegan") if not is_discriminator(path)}
    expected = {path for path in trained("full") if path.startswith("generator/latent_mapper/")}
    assert of_generator == expected and len(expected) == 4


@pytest.mark.parametrize("method", ["bsa", "minegan"])
def test_every_method_trains_the_whole_discriminator(trained, method):
    assert set(filter(is_discriminator, trained(method))) == set(filter(is_discriminator, trained("full")))


def test_added_layers_are_told_from_others():
    for name in ("latent_mapper/hidden/kernel", "latent_mixture/centres", "image_adapter/change/bias"):
        assert re.fullmatch(ADDED, f"generator/{name}")
    assert not re.fullmatch(ADDED, "generator/latent_mapper_2/kernel")


def test_ratios_follow_how_little_is_trained():
    ratios = [GAN_METHODS[method].g_lr_ratio for method in ("full", "bsa", "minegan")]
    assert ratios == sorted(set(ratios)) and ratios[0] == 1
    assert [name for name, row in GAN_METHODS.items() if row.mapper] == ["minegan"]


@pytest.mark.parametrize("method", TRAINED)
def test_methods_of_a_vae_train_what_they_name(vae_file, method):
    vae = load_vae(vae_file)
    freeze(vae, [*VAE_METHODS[method].rules, (".*", True)])
    roles = {role for role, network in vae.roles.items() if network.trainable_variables}
    names = {variable.name for network in vae.roles.values() for variable in network.trainable_variables}
    assert (roles, "kernel" in names) == TRAINED[method] and "gamma" in names


def test_methods_of_a_vae_are_those_of_the_command_line():
    assert list(VAE_METHODS) == ["decoder", "bsa", "prior", "anchored", "full"]
    assert [name for name, row in VAE_METHODS.items() if not row.trains] == ["prior"]
    assert [name for name, row in VAE_METHODS.items() if row.anchored] == ["anchored"]
