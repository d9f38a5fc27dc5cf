import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.latent_tools.decode import decode, read_latents
from keras_transfer_gen.recipes.latent_tools.encode import encode
from keras_transfer_gen.recipes.models.load_vae import load_vae


def test_decoded_file_is_what_the_model_reconstructs(vae_file, image_folder, sample_images, tmp_path):
    encode(vae_file, image_folder, tmp_path / "z.npz")
    images = decode(vae_file, tmp_path / "z.npz", tmp_path / "made")
    expected = load_vae(vae_file).reconstruct(sample_images)
    np.testing.assert_array_equal(images, expected)
    np.testing.assert_array_equal(read_images(tmp_path / "made", 32).images, expected)


def test_latents_come_as_arrays_and_npy_files_too(vae_file, tmp_path):
    z = np.random.default_rng(0).standard_normal((3, 8))
    np.save(tmp_path / "z.npy", z)
    np.testing.assert_array_equal(
        decode(vae_file, tmp_path / "z.npy", tmp_path / "a"), decode(vae_file, z, tmp_path / "b")
    )


@pytest.mark.parametrize("name", ["latents", "z"])
def test_other_names_of_the_array_are_read(tmp_path, name):
    np.savez(tmp_path / "z.npz", **{name: np.ones((2, 3), np.float64)})
    latents = read_latents(tmp_path / "z.npz")
    assert latents.dtype == np.float32 and latents.tolist() == [[1.0] * 3] * 2


def test_files_without_latents_are_refused(vae_file, tmp_path):
    (tmp_path / "broken.npz").write_bytes(b"PK nothing")
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    np.save(tmp_path / "flat.npy", np.zeros(3))
    np.save(tmp_path / "wide.npy", np.zeros((2, 9), np.float32))
    with pytest.raises(checks.UserFileError, match="`latents` must be an .npz or .npy file"):
        read_latents(tmp_path / "nothing.npz")
    with pytest.raises(checks.UserFileError, match="`latents` must be a readable .npz or .npy file"):
        read_latents(tmp_path / "broken.npz")
    for name, content in (("text.npz", b"hello"), ("cut.npy", b"\x93NUMPY\x01"), ("empty.npz", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(checks.UserFileError, match="It is damaged, cut off or something else") as caught:
            read_latents(tmp_path / name)
        assert "pickle" not in str(caught.value)
    np.savez(tmp_path / "objects.npz", z=np.array([{}], object))
    with pytest.raises(checks.UserFileError, match="It holds Python objects, which are never loaded"):
        read_latents(tmp_path / "objects.npz")
    with pytest.raises(checks.UserFileError, match="with an array z_mean or latents or z.*It holds images"):
        read_latents(tmp_path / "other.npz")
    with pytest.raises(checks.UserError, match="`latents` must be finite numbers"):
        read_latents(tmp_path / "flat.npy")
    with pytest.raises(checks.UserError, match=r"`latents` must be an array \[n, 8\]"):
        decode(vae_file, tmp_path / "wide.npy", tmp_path / "made")
    assert not (tmp_path / "made").exists()
