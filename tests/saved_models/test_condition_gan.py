from pathlib import Path

import numpy as np
import pytest

import keras_transfer_gen as ktg
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.specs import ModelSpec
from tests.scripts import import_script

SCRIPTS = Path(__file__).resolve().parents[2] / "saved_models"


@pytest.fixture(scope="module")
def pair():
    """A GAN whose every weight is drawn, and the conditional one that `condition_gan` makes of it."""
    condition_gan = import_script(SCRIPTS, "condition_gan").condition_gan
    spec = ModelSpec(image_size=32, channels=3, latent_dim=6, arch="dcgan", licence="CC0-1.0")
    gan = ktg.GAN(*build_dcgan(32, latent_dim=6, max_channels=16, min_channels=4), spec=spec)
    rng = np.random.default_rng(0)
    for network in (gan.ema_generator, gan.discriminator):
        network.set_weights([np.abs(rng.normal(0.3, 0.2, weight.shape)) for weight in network.get_weights()])
    return gan, condition_gan(gan, ["birds", "cars", "people"], attention=True)


def test_conditional_gan_begins_with_the_images_of_the_other_for_every_class(pair):
    gan, conditional = pair
    for label in conditional.spec.class_names:
        np.testing.assert_allclose(conditional.generate(3, label=label), gan.generate(3), atol=1)
    assert gan.generate(3).std() > 1
    assert conditional.spec.licence == "CC0-1.0" and conditional.spec.arch == "dcgan_conditional"


def test_conditional_gan_begins_with_the_judgement_of_the_other_for_every_class(pair):
    gan, conditional = pair
    images = np.random.default_rng(1).uniform(-1, 1, (3, 32, 32, 3)).astype(np.float32)
    logits = conditional.discriminator({"images": images, "labels": np.arange(3)})
    np.testing.assert_allclose(logits, gan.discriminator(images), rtol=1e-4)
