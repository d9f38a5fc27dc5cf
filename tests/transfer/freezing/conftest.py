import pytest


@pytest.fixture(scope="package")
def gan():
    """A small GAN of 32 pixels; tests set its flags as they like."""
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
    from keras_transfer_gen.training.gan import GAN

    return GAN(*build_dcgan(32, max_channels=16, latent_dim=8))
