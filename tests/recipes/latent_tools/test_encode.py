import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.encode import encode
from keras_transfer_gen.recipes.models.load_vae import load_vae


def test_file_holds_the_posteriors_in_the_order_of_names(vae_file, image_folder, sample_images, tmp_path):
    latents = encode(vae_file, image_folder, tmp_path / "z.npz")
    z_mean, z_log_var = load_vae(vae_file).encode(sample_images)
    with np.load(tmp_path / "z.npz") as stored:
        assert set(stored.files) == {"z_mean", "z_log_var", "names"}
        assert stored["z_mean"].dtype == np.float32 and stored["z_mean"].shape == (12, 8)
        np.testing.assert_allclose(stored["z_mean"], z_mean, atol=1e-5)
        np.testing.assert_allclose(stored["z_log_var"], z_log_var, atol=1e-5)
        assert stored["names"].tolist() == [f"{n:02}.png" for n in range(12)]
        np.testing.assert_array_equal(stored["z_mean"], latents["z_mean"])


def test_path_that_is_no_npz_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(checks.UserError, match=r"`out` must be a file \*.npz"):
        encode("no_model", "no_images", tmp_path / "z.npy")


def test_missing_things_are_named(vae_file, tmp_path):
    with pytest.raises(checks.UserFileError, match="`data` must be"):
        encode(vae_file, tmp_path / "nothing", tmp_path / "z.npz")
    with pytest.raises(checks.UserFileError, match="`model` must be"):
        encode(tmp_path / "nothing.keras", tmp_path, tmp_path / "z.npz")
    assert list(tmp_path.iterdir()) == []
