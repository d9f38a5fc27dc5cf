import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_transfer_gen as ktg
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.networks.blended.known import blend_layer, known_images
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.residual_quantizer import ResidualQuantizer
from tests.scripts import import_script

SCRIPTS = Path(__file__).resolve().parents[2] / "saved_models"


@pytest.fixture(scope="module")
def script():
    return import_script(SCRIPTS, "learn_fine_codes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a VQ-VAE, a GAN of its codes and the images of both, dots on white in one sub-folder a class."""
    folder = tmp_path_factory.mktemp("fine")
    keras.utils.set_random_seed(0)
    small = {"downsampling": 8, "code_dim": 4, "max_channels": 8, "min_channels": 8}
    quantizer = ResidualQuantizer(depth=2, level_codes=16, code_dim=4)
    vq = ktg.VQVAE(build_token_encoder(32, **small), quantizer, build_token_decoder(32, **small))
    rng = np.random.default_rng(0)
    for label, count in (("cats", 4), ("dogs", 5)):
        (folder / "images" / label).mkdir(parents=True)
        for number in range(count):
            image = np.full((32, 32, 3), 255, np.uint8)
            row, column = rng.integers(4, 24, 2)
            image[row : row + 6, column : column + 6] = rng.integers(0, 200, 3)
            (folder / "images" / label / f"{number}.png").write_bytes(ktg.pixels.to_png(image))
    image_set = read_images(folder / "images", 32, labels="folders")
    spec = ktg.ModelSpec(image_size=32, channels=3, latent_dim=6, arch="dcgan")
    judge = ktg.GAN(*build_dcgan(32, latent_dim=6, max_channels=16, min_channels=4), spec=spec)
    gan = import_script(SCRIPTS, "blend_codes").blend_codes(vq, judge, image_set, latent_dim=6, neighbours=2)
    vq.save(folder / "vq.keras")
    gan.save(folder / "gan.keras")
    return folder


def run(script, monkeypatch, folder, out, kimg):
    options = ["--source", folder / "gan.keras", "--vq", folder / "vq.keras", "--data", folder / "images"]
    options += ["--out", out, "--kimg", kimg, "--every", 0.2, "--batch-size", 8, "--codes", 16, "--code-dim", 4]
    monkeypatch.setattr(sys, "argv", ["learn_fine_codes.py", *(str(option) for option in options)])
    script.main()
    return ktg.load_gan(out / "start.keras")


def test_known_images_are_nearer_to_the_real_ones_and_a_run_goes_on(script, monkeypatch, folder, tmp_path, capsys):
    source = ktg.load_gan(folder / "gan.keras")
    gan = run(script, monkeypatch, folder, tmp_path, 0.8)
    real = np.asarray(read_images(folder / "images", 32, labels="folders").images)
    assert script.psnr(real, known_images(gan.generator)) > script.psnr(real, known_images(source.generator)) + 3
    np.testing.assert_array_equal(blend_layer(gan.generator).tokens, blend_layer(source.generator).tokens)
    for new, old in zip(gan.discriminator.get_weights(), source.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)
    assert gan.spec.class_names == ["cats", "dogs"] and gan.generate(3, label="dogs").shape == (3, 32, 32, 3)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["0.2", "0.4", "0.6", "0.8"]
    run(script, monkeypatch, folder, tmp_path, 1.0)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["1.0"]


def test_other_images_than_the_source_knows_are_refused(script, monkeypatch, folder, tmp_path):
    (extra := folder / "images" / "dogs" / "more.png").write_bytes((folder / "images" / "dogs" / "0.png").read_bytes())
    with pytest.raises(SystemExit, match="10 images"):
        run(script, monkeypatch, folder, tmp_path, 0.2)
    extra.unlink()
