import dataclasses

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.recipes.inputs.run_images import read_run_images
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.scoring.kid_protocol import KidProtocol
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings

pytestmark = pytest.mark.usefixtures("quick_scores")


def settings(**changed):
    return FineTuneSettings(**{"source": "a.keras", "out": "run", **changed})


def test_without_a_reference_the_images_are_the_reference_and_it_says_so(shared_image_folder, scripted):
    reporter = scripted()
    images = read_run_images(settings(data=shared_image_folder), 32, 3, reporter)
    assert images.reference is images.training and images.floor() is None and images.reference_digest is None
    assert images.reference.name == f"{shared_image_folder} (the training images)"
    assert reporter.lines == [
        f"12 images in {shared_image_folder}",
        "note: only 12 images: a GAN may copy them",
        "no --reference given: scores are measured against the training images themselves",
    ]  # fmt: skip


def test_floor_is_the_kid_of_the_images_themselves(shared_image_folder, sample_images, tmp_path, tiny_features):
    others = 255 - sample_images[:8]
    np.savez(tmp_path / "others.npz", images=others)
    images = read_run_images(settings(data=shared_image_folder, reference=tmp_path / "others.npz"), 32, 3, SILENT)
    assert images.reference.name == str(tmp_path / "others.npz")
    assert len(images.reference_digest) == 64
    floor = images.floor()
    training, real = (extract_features(array, tiny_features) for array in (sample_images, others))
    assert floor["value"] == pytest.approx(1000 * kid(real, training), rel=1e-4)
    assert (floor["n_real"], floor["n_fake"]) == (8, 12)


def test_floor_and_references_follow_the_protocol(shared_image_folder):
    protocol = KidProtocol(num_fakes=5, max_reals=10)
    run = settings(data=shared_image_folder, reference=shared_image_folder)
    images = read_run_images(run, 32, 3, SILENT, protocol)
    floor = images.floor(protocol)
    assert (floor["n_fake"], floor["n_real"], len(images.image_set)) == (5, 10, 12)


def test_config_json_gets_counts_and_digests(shared_image_folder):
    images = read_run_images(settings(data=shared_image_folder), 32, 3, SILENT)
    assert images.facts() == {"pictures": 12, "skipped_files": 0}
    assert images.digests() == {"pictures_digest": images.image_set.digest, "reference_digest": None}
    assert dataclasses.replace(images, holdout=images.training.images[:4]).facts()["held_out"] == 4


def test_skipped_files_are_counted_with_the_command_that_names_them(image_folder, scripted):
    (image_folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    reporter = scripted()
    read_run_images(settings(data=image_folder), 32, 3, reporter)
    assert reporter.lines[0] == (f"12 images in {image_folder}; 1 files skipped (see `ktg data check {image_folder}`)")


@pytest.mark.parametrize("name", ["data", "reference"])
def test_one_image_is_too_few_for_a_score(name, shared_image_folder, tmp_path, sample_images):
    np.save(tmp_path / "one.npy", sample_images[:1])
    few = dataclasses.replace(settings(data=shared_image_folder), **{name: str(tmp_path / "one.npy")})
    with pytest.raises(checks.UserError, match=rf"`{name}` must be at least 2 usable images.*1 in .*--{name}"):
        read_run_images(few, 32, 3, SILENT)


def test_missing_reference_does_not_suggest_the_training_images(image_folder):
    wrong = image_folder.with_name("pictured")
    with pytest.raises(checks.UserFileError, match="`reference` must .*nothing at this path") as caught:
        read_run_images(settings(data=image_folder, reference=wrong), 32, 3, SILENT)
    assert "Did you mean" not in str(caught.value)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(checks.UserFileError, match=r"`data` must .*nothing at this path.*data= .*--data"):
        read_run_images(settings(data=tmp_path / "none"), 32, 3, SILENT)
