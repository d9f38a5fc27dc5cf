import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.recipes.latent_tools.vae_inputs import (
    open_vae,
    read_image_bytes,
    read_image_file,
    read_model_images,
)
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.specs import ModelSpec

SPEC = ModelSpec(image_size=32, channels=3, latent_dim=8)


def test_model_is_taken_as_it_is_or_loaded(vae_file):
    vae = load_vae(vae_file)
    assert open_vae(vae) is vae
    assert open_vae(vae_file).spec == vae.spec


def test_images_come_from_folders_arrays_and_streams(image_folder, sample_images, scripted):
    (image_folder / "text.png").write_text("no image")
    reporter = scripted()
    inputs = read_model_images(image_folder, SPEC, reporter=reporter)
    np.testing.assert_array_equal(inputs.images, sample_images)
    assert inputs.names[3] == "03.png" and inputs.source == str(image_folder)
    assert reporter.lines == [f"1 files in {image_folder} skipped (see `ktg data check {image_folder}`)"]
    np.testing.assert_array_equal(read_model_images(sample_images, SPEC).images, sample_images)
    stream = load_images(image_folder, image_size=32, batch_size=4)
    np.testing.assert_array_equal(read_model_images(stream, SPEC).images, sample_images)


def test_streams_of_another_size_are_refused(image_folder):
    stream = load_images(image_folder, image_size=64, batch_size=4)
    with pytest.raises(checks.UserError, match=r"`positive` must be images \[32, 32, 3\]"):
        read_model_images(stream, SPEC, "positive")


def test_folder_without_images_is_named_as_the_caller_wrote_it(tmp_path):
    with pytest.raises(checks.UserError, match=r"Check positive= \(--positive\)"):
        read_model_images(tmp_path, SPEC, "positive")


def test_one_image_is_fitted_to_the_model(image_folder, sample_images):
    np.testing.assert_array_equal(read_image_file(image_folder / "04.png", SPEC, "from"), sample_images[4:5])
    grey = ModelSpec(image_size=28, channels=1, latent_dim=8)
    assert read_image_file(image_folder / "04.png", grey, "from").shape == (1, 28, 28, 1)
    with pytest.raises(checks.UserFileError, match="`from` must be an image file"):
        read_image_file(image_folder / "40.png", SPEC, "from")


def test_bytes_are_read_as_their_file_is(image_folder, sample_images):
    content = (image_folder / "04.png").read_bytes()
    np.testing.assert_array_equal(read_image_bytes(content, SPEC, "image"), sample_images[4:5])
    for wrong, reason in ((b"", "empty file"), (b"<html>", "not an image"), (content[:100], "truncated image")):
        with pytest.raises(checks.UserFileError, match=f"`image` must be an image file.*{reason}"):
            read_image_bytes(wrong, SPEC, "image")
