import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.recipes.latent_tools.vae_inputs import open_vae, read_given, read_one_picture
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.specs import ModelSpec

SPEC = ModelSpec(image_size=32, channels=3, latent_dim=8)


def test_model_is_taken_as_it_is_or_loaded(vae_file):
    vae = load_vae(vae_file)
    assert open_vae(vae) is vae
    assert open_vae(vae_file).spec == vae.spec


def test_pictures_come_from_folders_arrays_and_streams(picture_folder, pictures, scripted):
    (picture_folder / "text.png").write_text("no picture")
    reporter = scripted()
    given = read_given(picture_folder, SPEC, reporter=reporter)
    np.testing.assert_array_equal(given.images, pictures)
    assert given.names[3] == "03.png" and given.source == str(picture_folder)
    assert reporter.lines == [f"1 files in {picture_folder} skipped (see `ktg data check {picture_folder}`)"]
    np.testing.assert_array_equal(read_given(pictures, SPEC).images, pictures)
    stream = load_images(picture_folder, image_size=32, batch_size=4)
    np.testing.assert_array_equal(read_given(stream, SPEC).images, pictures)


def test_streams_of_another_size_are_refused(picture_folder):
    stream = load_images(picture_folder, image_size=64, batch_size=4)
    with pytest.raises(checks.UserError, match=r"`positive` must be pictures \[32, 32, 3\]"):
        read_given(stream, SPEC, "positive")


def test_folder_without_pictures_is_named_as_the_caller_wrote_it(tmp_path):
    with pytest.raises(checks.UserError, match=r"Check what positive= or the command line \(--positive\) says"):
        read_given(tmp_path, SPEC, "positive")


def test_one_picture_is_fitted_to_the_model(picture_folder, pictures):
    np.testing.assert_array_equal(read_one_picture(picture_folder / "04.png", SPEC, "from"), pictures[4:5])
    grey = ModelSpec(image_size=28, channels=1, latent_dim=8)
    assert read_one_picture(picture_folder / "04.png", grey, "from").shape == (1, 28, 28, 1)
    with pytest.raises(checks.UserFileError, match="`from` must be a picture file"):
        read_one_picture(picture_folder / "40.png", SPEC, "from")
