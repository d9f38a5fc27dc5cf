import numpy as np

from keras_transfer_gen.recipes.settings.gan import PretrainSettings
from keras_transfer_gen.recipes.settings.vae import PretrainVaeSettings
from keras_transfer_gen.recipes.training.new_networks import build_networks, new_spec

SMALL = {"data": "photos", "out": "run", "image_size": 28, "channels": 1, "max_channels": 24, "min_channels": 8}


def test_networks_are_those_of_the_settings_and_the_seed_alone_decides():
    settings = PretrainSettings(**SMALL, latent_dim=16)
    generator, discriminator = build_networks(settings)
    assert generator.get_layer("block_7").filters == 24 and discriminator.input_shape == (None, 28, 28, 1)
    again, _ = build_networks(settings)
    assert all(np.array_equal(a, b) for a, b in zip(generator.get_weights(), again.get_weights(), strict=True))


def test_spec_names_architecture_family_and_origin():
    spec = new_spec(PretrainVaeSettings(**SMALL, latent_dim=4, licence="CC0"))
    assert (spec.arch, spec.family, spec.latent_dim, spec.licence) == ("conv_vae", "vae", 4, "CC0")
    assert spec.source == "Trained from nothing on photos."
