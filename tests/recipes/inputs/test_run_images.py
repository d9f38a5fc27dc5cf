import dataclasses

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.recipes.inputs.run_images import read_inputs
from keras_transfer_gen.recipes.report.reporter import SILENT, Reporter
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings

pytestmark = pytest.mark.usefixtures("quick_scores")


class Lines(Reporter):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def settings(**changed):
    return FineTuneSettings(**{"source": "a.keras", "out": "run", **changed})


def test_without_a_reference_the_images_are_the_reference_and_it_says_so(shared_image_folder):
    said = Lines()
    inputs = read_inputs(settings(data=shared_image_folder), 32, 3, said)
    assert inputs.reference is inputs.learnt and inputs.floor() is None and inputs.reference_digest is None
    assert inputs.reference.name == f"{shared_image_folder} (the training images)"
    assert said.lines == [
        f"12 images in {shared_image_folder}",
        "no --reference given: scores are taken against the training images themselves",
    ]  # fmt: skip


def test_floor_is_the_kid_of_the_images_themselves(shared_image_folder, sample_images, tmp_path, tiny_features):
    others = 255 - sample_images[:8]
    np.savez(tmp_path / "others.npz", images=others)
    inputs = read_inputs(settings(data=shared_image_folder, reference=tmp_path / "others.npz"), 32, 3, SILENT)
    assert inputs.reference.name == str(tmp_path / "others.npz")
    assert len(inputs.reference_digest) == 64
    floor = inputs.floor()
    learnt, real = (extract_features(images, tiny_features) for images in (sample_images, others))
    assert floor["value"] == pytest.approx(1000 * kid(real, learnt), rel=1e-4)
    assert (floor["n_real"], floor["n_fake"]) == (8, 12)


def test_floor_takes_as_many_as_are_made(shared_image_folder, monkeypatch):
    monkeypatch.setattr(kid_protocol, "NUM_FAKES", 5)
    inputs = read_inputs(settings(data=shared_image_folder, reference=shared_image_folder), 32, 3, SILENT)
    assert inputs.floor()["n_fake"] == 5


def test_skipped_files_are_counted_with_the_command_that_names_them(image_folder):
    (image_folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    said = Lines()
    read_inputs(settings(data=image_folder), 32, 3, said)
    assert said.lines[0] == (f"12 images in {image_folder}; 1 files skipped (see `ktg data check {image_folder}`)")


@pytest.mark.parametrize("name", ["data", "reference"])
def test_one_image_is_too_few_for_a_score(name, shared_image_folder, tmp_path, sample_images):
    np.save(tmp_path / "one.npy", sample_images[:1])
    few = dataclasses.replace(settings(data=shared_image_folder), **{name: str(tmp_path / "one.npy")})
    with pytest.raises(checks.UserError, match=rf"`{name}` must be at least 2 usable images.*1 in .*--{name}"):
        read_inputs(few, 32, 3, SILENT)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(checks.UserFileError, match=r"`data` must .*nothing at this path.*data= .*--data"):
        read_inputs(settings(data=tmp_path / "none"), 32, 3, SILENT)
