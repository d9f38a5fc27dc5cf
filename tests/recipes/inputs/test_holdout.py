import dataclasses

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import stream_images
from keras_transfer_gen.data.image_set import digest_of
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.inputs.holdout import read_with_holdout, split_holdout
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings

RNG = np.random.default_rng(0)
MANY = RNG.integers(0, 256, (60, 32, 32, 3)).astype(np.uint8)


def rows(images):
    return {image.tobytes() for image in np.asarray(images)}


def settings_of(data, **more):
    return FineTuneVaeSettings(data=data, source="s", out="o", **more)


def test_parts_share_nothing_and_depend_on_the_seed():
    image_set = read_images(MANY, 32)
    training, holdout = split_holdout(image_set, seed=1)
    assert len(holdout) == 6 and len(training) == 54 and not rows(training.images) & rows(holdout)
    assert rows(training.images) | rows(holdout) == rows(MANY)
    assert training.digest == digest_of(training.images) and len(training.names) == len(training.groups) == 54
    for name, image in zip(training.names, training.images, strict=True):
        np.testing.assert_array_equal(image, MANY[image_set.names.index(name)])
    np.testing.assert_array_equal(split_holdout(image_set, seed=1)[1], holdout)
    assert rows(split_holdout(image_set, seed=2)[1]) != rows(holdout)


def test_labels_stay_with_their_images():
    image_set = dataclasses.replace(read_images(MANY, 32), labels=np.arange(60, dtype=np.int32))
    training, _ = split_holdout(image_set)
    np.testing.assert_array_equal(MANY[training.labels], training.images)


def test_groups_that_are_held_out_whole_leave_no_gap_in_the_balanced_drawing():
    image_set = dataclasses.replace(read_images(MANY, 32), groups=np.arange(60, dtype=np.int32))  # a folder each
    training, _ = split_holdout(image_set)
    assert sorted(training.groups) == list(range(54))
    drawn = next(iter(stream_images(training, 54, balance=1.0)))
    assert rows(drawn) == rows(training.images)


def test_like_images_stay_on_one_side():
    shades = np.repeat(MANY[:20], 3, axis=0) // 8 * 7 + np.tile(np.arange(3, dtype=np.uint8), 20)[:, None, None, None]
    training, holdout = split_holdout(read_images(shades, 32), seed=3)
    learnt = {int(name) // 3 for name in training.names}
    assert len(holdout) == 6 and len(learnt) == 18  # two motifs are held out whole


def test_at_least_four_are_held_out_and_four_left():
    assert len(split_holdout(read_images(MANY[:8], 32))[1]) == 4
    with pytest.raises(checks.UserError, match="`data` must be at least 8 usable images without a reference.*data=7"):
        split_holdout(read_images(MANY[:7], 32))


@pytest.mark.parametrize("own_reference", [True, False])
def test_nothing_that_is_measured_is_trained_on(own_reference, tmp_path, quick_scores, scripted):
    reporter = scripted()
    np.save(tmp_path / "data.npy", MANY[:40])
    np.save(tmp_path / "others.npy", MANY[40:])
    more = {"reference": tmp_path / "others.npy"} if own_reference else {}
    images = read_with_holdout(settings_of(tmp_path / "data.npy", **more), 32, 3, reporter, validated=True)
    training, valid, holdout = (rows(part) for part in (images.image_set.images, images.validation, images.holdout))
    assert len(images.validation) == 4 and not training & valid and not (training | valid) & holdout
    assert rows(images.prior_images) == training | valid and images.calibration_images is images.validation
    if own_reference:
        assert holdout == rows(MANY[40:]) and len(training) == 36
        assert images.reference.name == images.holdout_name == str(tmp_path / "others.npy")
    else:
        assert len(holdout) == 4 and len(training) == 32 and images.holdout_name.startswith("4 images of ")
        assert images.reference is images.training
        assert any(line.startswith("no --reference given: likelihoods are measured on 4") for line in reporter.lines)


def test_few_images_are_all_trained_on(quick_scores, scripted, tmp_path):
    np.save(tmp_path / "few.npy", MANY[:19])
    np.save(tmp_path / "enough.npy", MANY[40:])
    for data, reference, validated, count in (
        ("few", "enough", True, 0), ("enough", "few", True, 4), ("enough", "few", False, 0),
    ):  # fmt: skip
        settings = settings_of(tmp_path / f"{data}.npy", reference=tmp_path / f"{reference}.npy")
        images = read_with_holdout(settings, 32, 3, scripted(), validated=validated)
        assert len(images.validation) == count
        assert len(images.calibration_images) == (count or len(images.image_set))
