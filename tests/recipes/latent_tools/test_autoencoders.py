import numpy as np
import pytest

from keras_transfer_gen.recipes.latent_tools import autoencoders
from keras_transfer_gen.recipes.latent_tools.decode import decode
from keras_transfer_gen.recipes.latent_tools.encode import encode
from keras_transfer_gen.recipes.latent_tools.interpolate import interpolate
from keras_transfer_gen.recipes.latent_tools.reconstruct import reconstruct
from keras_transfer_gen.recipes.models.load_vae import load_vae


def test_a_model_behind_a_name_is_of_its_own_kind(vae_file, vq, tmp_path):
    vq.save(tmp_path / "vq.keras")
    assert type(autoencoders.open_autoencoder(vae_file)).__name__ == "VAE"
    assert type(autoencoders.open_autoencoder(tmp_path / "vq.keras")).__name__ == "VQVAE"
    assert autoencoders.open_autoencoder(vq) is vq


def test_tokens_go_to_a_file_and_back_to_images(vq, sample_images, tmp_path):
    arrays = encode(vq, sample_images, tmp_path / "tokens.npz")
    np.testing.assert_array_equal(arrays["tokens"], vq.encode(sample_images))
    images = decode(vq, tmp_path / "tokens.npz", tmp_path / "out")
    np.testing.assert_array_equal(images, reconstruct(vq, sample_images).images)


@pytest.mark.parametrize("kind", ["vae", "vq"])
def test_a_way_begins_and_ends_at_its_images(kind, vae_file, vq, sample_images):
    model = vq if kind == "vq" else load_vae(vae_file)
    ends = sample_images[:2]
    images = autoencoders.arc_between(model, ends, np.linspace(0, 1, 3))
    expected = model.decode(autoencoders.codes_of(model, ends))
    assert np.abs(images[[0, 2]].astype(int) - expected).max() <= 1
    frames = interpolate(model, frames=3, seed=1)
    assert frames.shape == (6, *ends.shape[1:])
