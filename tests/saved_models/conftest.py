"""A small GAN of blended codes with the images that it knows, for the scripts that teach such a GAN more."""

from pathlib import Path

import keras
import numpy as np
import pytest

import keras_transfer_gen as ktg
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.residual_quantizer import ResidualQuantizer
from tests.scripts import import_script

SCRIPTS = Path(__file__).resolve().parents[2] / "saved_models"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a VQ-VAE, a GAN of its codes and the images of both: dots on white, a sub-folder a class.

    The networks make images of 32 pixels, the files have 64.
    """
    folder = tmp_path_factory.mktemp("fine")
    keras.utils.set_random_seed(0)
    small = {"downsampling": 8, "code_dim": 4, "max_channels": 8, "min_channels": 8}
    quantizer = ResidualQuantizer(depth=2, level_codes=16, code_dim=4)
    vq = ktg.VQVAE(build_token_encoder(32, **small), quantizer, build_token_decoder(32, **small))
    rng = np.random.default_rng(0)
    for label, count in (("cats", 4), ("dogs", 5)):
        (folder / "images" / label).mkdir(parents=True)
        for number in range(count):
            image = np.full((64, 64, 3), 255, np.uint8)
            row, column = rng.integers(8, 48, 2)
            image[row : row + 12, column : column + 12] = rng.integers(0, 200, 3)
            (folder / "images" / label / f"{number}.png").write_bytes(ktg.pixels.to_png(image))
    image_set = read_images(folder / "images", 32, labels="folders")
    spec = ktg.ModelSpec(image_size=32, channels=3, latent_dim=6, arch="dcgan")
    judge = ktg.GAN(*build_dcgan(32, latent_dim=6, max_channels=16, min_channels=4), spec=spec)
    gan = import_script(SCRIPTS, "blend_codes").blend_codes(vq, judge, image_set, latent_dim=6, neighbours=2)
    vq.save(folder / "vq.keras")
    gan.save(folder / "gan.keras")
    return folder
