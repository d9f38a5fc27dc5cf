import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.maths.latent_arithmetic import spherical_interpolation
from keras_transfer_gen.recipes.latent_tools.interpolate import TURNS, interpolate
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.report.sheets import FRAME_MILLISECONDS, LAST_MILLISECONDS


def test_film_goes_from_one_image_to_the_other_on_the_arc(vae_file, image_folder, sample_images, tmp_path):
    vae = load_vae(vae_file)
    ends = image_folder / "02.png", image_folder / "07.png"
    images = interpolate(vae_file, tmp_path / "film.gif", *ends, frames=5)
    z_mean, _ = vae.encode(sample_images[[2, 7]])
    np.testing.assert_array_equal(images, vae.decode(spherical_interpolation(*z_mean, np.linspace(0, 1, 5))))
    np.testing.assert_array_equal(images[[0, -1]], vae.reconstruct(sample_images[[2, 7]]))
    with Image.open(tmp_path / "film.gif") as film:
        assert film.format == "GIF" and film.n_frames == 5 and film.size == (32, 32)
        film.seek(4)
        assert film.info["duration"] == LAST_MILLISECONDS
    np.testing.assert_array_equal(interpolate(vae, None, sample_images[2], sample_images[7], frames=5), images)


def test_drawn_film_runs_in_a_circle_and_depends_on_the_seed(vae_file, tmp_path):
    vae = load_vae(vae_file)
    images = interpolate(vae, tmp_path / "film.gif", frames=4, seed=3)
    with Image.open(tmp_path / "film.gif") as film:
        durations = []
        for number in range(film.n_frames):
            film.seek(number)
            durations.append(film.info["duration"])
        assert set(durations) == {FRAME_MILLISECONDS}  # no rest where the circle closes
    assert images.shape == (TURNS * 3, 32, 32, 3) and images.dtype == np.uint8
    np.testing.assert_array_equal(images[::3], vae.generate(TURNS, seed=3))
    assert (interpolate(vae, frames=4, seed=4) != images).any()


def test_what_cannot_be_used_is_refused(vae_file, image_folder, sample_images, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(checks.UserError, match="`start and end` must be both given, or neither"):
        interpolate(vae_file, None, start=image_folder / "00.png")
    with pytest.raises(checks.UserError, match="`frames` must be an integer of at least 2"):
        interpolate(vae_file, frames=1)
    with pytest.raises(checks.UserError, match=r"`out` must be a file \*.gif"):
        interpolate(vae_file, tmp_path / "film.mp4")
    with pytest.raises(checks.UserFileError, match="`to` must be an image file.*text.png"):
        interpolate(vae_file, None, image_folder / "00.png", tmp_path / "text.png")
    with pytest.raises(checks.UserFileError, match="`from` must be an image file.*No such file"):
        interpolate(vae_file, None, tmp_path / "none.png", image_folder / "00.png")
    with pytest.raises(checks.UserError, match=r"`from` must be uint8 \[32, 32, 3\]"):
        interpolate(vae_file, None, sample_images[0][:8], sample_images[1])
