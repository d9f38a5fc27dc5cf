from pathlib import Path

import keras
import numpy as np
import pytest

import keras_transfer_gen as ktg
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.networks.blended.known import known_images
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.residual_quantizer import ResidualQuantizer
from tests.scripts import import_script

SCRIPTS = Path(__file__).resolve().parents[2] / "saved_models"


def test_gan_knows_the_images_by_the_codes_of_the_vq_vae():
    blend_codes = import_script(SCRIPTS, "blend_codes").blend_codes
    keras.utils.set_random_seed(0)
    small = {"downsampling": 8, "code_dim": 4, "max_channels": 8, "min_channels": 4}
    quantizer = ResidualQuantizer(depth=2, level_codes=16, code_dim=4)
    vq = ktg.VQVAE(build_token_encoder(32, **small), quantizer, build_token_decoder(32, **small))
    judge = ktg.GAN(
        *build_dcgan(32, latent_dim=6, max_channels=16, min_channels=4),
        spec=ktg.ModelSpec(image_size=32, channels=3, latent_dim=6, arch="dcgan"),
    )
    images = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), np.uint8)
    labels = np.array(["cats"] * 4 + ["dogs"] * 5)
    gan = blend_codes(vq, judge, read_images(images, 32, labels=labels), latent_dim=6, neighbours=2, sharpness=5.0)
    np.testing.assert_allclose(known_images(gan.generator), vq.reconstruct(images), atol=1)
    assert gan.spec.class_names == ["cats", "dogs"] and gan.spec.class_shares == pytest.approx([4 / 9, 5 / 9])
    assert gan.spec.arch == "blended_codes" and gan.spec.latent_dim == 6
    assert gan.generate(3, label="dogs").shape == (3, 32, 32, 3)
