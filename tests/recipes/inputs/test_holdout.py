import dataclasses

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import stream_images
from keras_transfer_gen.data.image_set import digest_of
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.inputs.holdout import read_vae_images, split
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings

RNG = np.random.default_rng(0)
MANY = RNG.integers(0, 256, (60, 32, 32, 3)).astype(np.uint8)


def rows(images):
    return {image.tobytes() for image in np.asarray(images)}


def settings_of(data, **more):
    return FineTuneVaeSettings(data=data, source="s", out="o", **more)


def test_parts_share_nothing_and_depend_on_the_seed():
    sample_images = read_images(MANY, 32)
    learn, held = split(sample_images, seed=1)
    assert len(held) == 6 and len(learn) == 54 and not rows(learn.images) & rows(held)
    assert rows(learn.images) | rows(held) == rows(MANY)
    assert learn.digest == digest_of(learn.images) and len(learn.names) == len(learn.groups) == 54
    for name, image in zip(learn.names, learn.images, strict=True):
        np.testing.assert_array_equal(image, MANY[sample_images.names.index(name)])
    np.testing.assert_array_equal(split(sample_images, seed=1)[1], held)
    assert rows(split(sample_images, seed=2)[1]) != rows(held)


def test_labels_stay_with_their_images():
    sample_images = dataclasses.replace(read_images(MANY, 32), labels=np.arange(60, dtype=np.int32))
    learn, _ = split(sample_images)
    np.testing.assert_array_equal(MANY[learn.labels], learn.images)


def test_groups_that_are_held_out_whole_leave_no_gap_in_the_balanced_drawing():
    sample_images = dataclasses.replace(read_images(MANY, 32), groups=np.arange(60, dtype=np.int32))  # a folder each
    learn, _ = split(sample_images)
    assert sorted(learn.groups) == list(range(54))
    drawn = next(iter(stream_images(learn, 54, balance=1.0)))
    assert rows(drawn) == rows(learn.images)


def test_like_images_stay_on_one_side():
    shades = np.repeat(MANY[:20], 3, axis=0) // 8 * 7 + np.tile(np.arange(3, dtype=np.uint8), 20)[:, None, None, None]
    learn, held = split(read_images(shades, 32), seed=3)
    learnt = {int(name) // 3 for name in learn.names}
    assert len(held) == 6 and len(learnt) == 18  # two motifs are held out whole


def test_at_least_four_are_held_out_and_four_left():
    assert len(split(read_images(MANY[:8], 32))[1]) == 4
    with pytest.raises(checks.UserError, match="`data` must be at least 8 usable images without a reference.*data=7"):
        split(read_images(MANY[:7], 32))


@pytest.mark.parametrize("own_reference", [True, False])
def test_nothing_that_is_measured_is_learnt(own_reference, tmp_path, quick_scores, scripted):
    reporter = scripted()
    np.save(tmp_path / "data.npy", MANY[:40])
    np.save(tmp_path / "others.npy", MANY[40:])
    more = {"reference": tmp_path / "others.npy"} if own_reference else {}
    given = read_vae_images(settings_of(tmp_path / "data.npy", **more), 32, 3, reporter, validated=True)
    learnt, valid, held = rows(given.inputs.image_set.images), rows(given.validation), rows(given.held)
    assert len(given.validation) == 4 and not learnt & valid and not (learnt | valid) & held
    assert rows(given.seen) == learnt | valid
    if own_reference:
        assert held == rows(MANY[40:]) and len(learnt) == 36
        assert given.inputs.reference.name == given.name == str(tmp_path / "others.npy")
    else:
        assert len(held) == 4 and len(learnt) == 32 and given.name.startswith("4 images of ")
        assert given.inputs.reference is given.inputs.learnt
        assert any(line.startswith("no --reference given: the bound is measured on 4") for line in reporter.lines)


def test_few_images_are_all_learnt(quick_scores, scripted, tmp_path):
    np.save(tmp_path / "data.npy", MANY[:19])
    np.save(tmp_path / "others.npy", MANY[40:])
    settings = settings_of(tmp_path / "data.npy", reference=tmp_path / "others.npy")
    assert len(read_vae_images(settings, 32, 3, scripted(), validated=True).validation) == 0
    settings = settings_of(tmp_path / "others.npy", reference=tmp_path / "data.npy")
    assert len(read_vae_images(settings, 32, 3, scripted(), validated=True).validation) == 4
    assert len(read_vae_images(settings, 32, 3, scripted()).validation) == 0
