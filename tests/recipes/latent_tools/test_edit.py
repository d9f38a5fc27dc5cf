import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.latent_tools.edit import edit
from keras_transfer_gen.recipes.models.load_vae import load_vae


@pytest.fixture(scope="module")
def vae(vae_file):
    return load_vae(vae_file)


def test_images_move_along_the_direction_of_the_means(vae, sample_images, tmp_path):
    positive, negative, data = sample_images[:4], sample_images[4:8], sample_images[8:]
    edited = edit(vae, data, positive, negative, strength=2.0, out=tmp_path / "made", grid=tmp_path / "sheet.png")
    means = [vae.encode(part)[0].mean(0) for part in (positive, negative)]
    np.testing.assert_allclose(edited.direction, means[0] - means[1], atol=1e-5)
    latents = vae.encode(data)[0]
    expected = vae.decode(latents + 2.0 * (means[0] - means[1]))
    assert np.abs(edited.images.astype(int) - expected).max() <= 1
    np.testing.assert_array_equal(read_images(tmp_path / "made", 32).images, edited.images)
    assert (tmp_path / "sheet.png").is_file()
    assert edited.target - edited.before == pytest.approx(2.0, abs=1e-4)
    way = means[0] - means[1]
    seen = (vae.encode(edited.images)[0] - means[1]) @ way / (way @ way)
    assert edited.after == pytest.approx(seen.mean(), abs=1e-4) and abs(edited.after - edited.target) > 0.01
    assert edited.to_dict()["target"] == edited.target
    assert edited.to_dict()["length"] == pytest.approx(np.linalg.norm(edited.direction))


def test_strength_zero_reconstructs_and_full_detail_gives_the_image_back(vae, sample_images):
    plain = edit(vae, sample_images, sample_images[:4], sample_images[4:8], strength=0.0).images
    np.testing.assert_array_equal(plain, vae.reconstruct(sample_images))
    whole = edit(vae, sample_images, sample_images[:4], sample_images[4:8], strength=0.0, detail=1.0).images
    np.testing.assert_array_equal(whole, sample_images)
    assert (plain != sample_images).any()


def test_what_cannot_be_used_is_refused(vae, sample_images, tmp_path):
    with pytest.raises(checks.UserError, match="`positive` must be other images than negative"):
        edit(vae, sample_images, sample_images[:2], sample_images[:2])
    with pytest.raises(checks.UserError, match="`strength` must be a number"):
        edit(vae, sample_images, sample_images[:2], sample_images[2:], strength=float("nan"))
    with pytest.raises(checks.UserError, match="`detail` must be a number of at least 0 and at most 1"):
        edit(vae, sample_images, sample_images[:2], sample_images[2:], detail=2.0)
    with pytest.raises(checks.UserFileError, match="`negative` must be"):
        edit(vae, sample_images, sample_images[:2], tmp_path / "nothing")
