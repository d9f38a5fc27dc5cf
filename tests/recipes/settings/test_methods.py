import re

from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.networks.latents.latent_mapper import insert_latent_mapper
from keras_transfer_gen.recipes.settings.methods import ADDED, METHODS
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.freezing.freeze import freeze


def moving(gan, name):
    report = freeze(gan, [*METHODS[name].rules, (".*", True)])
    return {row.path for row in report.rows if row.trainable}


def test_each_method_trains_what_it_says():
    generator, discriminator = build_dcgan(32, latent_dim=8, max_channels=16)
    gan = GAN(insert_latent_mapper(generator), discriminator)
    everything = moving(gan, "full")
    of_discriminator = {path for path in everything if path.startswith("discriminator/")}
    assert {path.rsplit("/", 1)[-1] for path in everything} == {"kernel", "bias", "gamma", "beta"}
    narrow = moving(gan, "bsa")
    assert of_discriminator < narrow and not any("kernel" in path for path in narrow - of_discriminator)
    assert "generator/block_8/norm/gamma" in narrow
    mined = moving(gan, "minegan") - of_discriminator
    assert mined == {path for path in everything if path.startswith("generator/latent_mapper/")} and len(mined) == 4
    assert of_discriminator <= moving(gan, "minegan")


def test_added_layers_are_told_from_others():
    for name in ("latent_mapper/hidden/kernel", "latent_mixture/centres", "image_adapter/change/bias"):
        assert re.fullmatch(ADDED, f"generator/{name}")
    assert not re.fullmatch(ADDED, "generator/latent_mapper_2/kernel")


def test_rates_follow_how_little_is_trained():
    assert METHODS["full"].rate == 1 < METHODS["bsa"].rate < METHODS["minegan"].rate
    assert [name for name, method in METHODS.items() if method.mapper] == ["minegan"]
