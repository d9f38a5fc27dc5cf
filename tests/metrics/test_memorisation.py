import json

import numpy as np
import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.metrics.memorisation import memorisation


def coarse_images(count, seed):
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3))
    return np.kron(coarse, np.ones((1, 4, 4, 1))).astype(np.uint8)


def project(images):
    """Features that stand for a network: a fixed projection of the pixels."""
    flat = images.reshape(len(images), -1) / 255.0
    return flat @ np.random.default_rng(9).normal(size=(flat.shape[1], 16))


def measure(fake, train):
    return memorisation(fake, project(fake), train, project(train), project(train[:, :, ::-1]))


def test_new_images_are_no_copies():
    result = measure(coarse_images(30, 1), coarse_images(60, 0))
    assert result.pixel_share == result.train_pixel_share == 0
    assert result.train_feature_share == pytest.approx(0.05)
    assert result.feature_share < 0.2 and abs(result.excess) < 0.2
    assert result.median_distance_ratio == pytest.approx(1, abs=0.2)
    assert (result.train_count, result.fake_count) == (60, 30)


def test_copies_and_mirrored_copies_are_found():
    train = coarse_images(60, 0)
    fake = train[10:30].copy()
    fake[::2] = fake[::2, :, ::-1]
    fake += (fake < 250).astype(np.uint8) * 3  # three levels brighter
    result = measure(fake, train)
    assert result.near_copy_share == result.pixel_share == result.feature_share == 1
    assert result.excess == 1 - result.train_share
    assert result.median_distance_ratio < 0.1
    np.testing.assert_array_equal(result.nearest_index, np.arange(10, 30))
    np.testing.assert_array_equal(result.nearest_is_mirrored, np.arange(20) % 2 == 0)
    unaware = memorisation(fake, project(fake), train, project(train))  # without features of the mirror images
    assert unaware.pixel_share == 1 and unaware.feature_share == pytest.approx(0.5, abs=0.1)


def test_criteria_are_judged_apart_and_joined_by_or():
    train = coarse_images(60, 0)
    fake = coarse_images(4, 1)
    fake[0] = train[7]
    features = project(fake)
    features[0] += 100  # a copy by pixels alone
    features[1] = project(train)[8]  # by features alone
    result = memorisation(fake, features, train, project(train))
    assert (result.pixel_share, result.feature_share, result.near_copy_share) == (0.25, 0.25, 0.5)
    assert result.nearest_index[0] == 7 and result.nearest_index[1] == 8
    assert result.pixels.index[0] == 7 and result.features.index[1] == 8


def test_repeats_in_the_training_set_are_its_own_share():
    train = coarse_images(60, 0)
    train[:20] = train[20:40]
    result = measure(train[:20], train)
    assert result.train_pixel_share == pytest.approx(40 / 60)
    assert result.feature_threshold < 0.01 and result.train_feature_share == pytest.approx(40 / 60)
    assert result.feature_share == 1  # at most the threshold: below 0 there is nothing, and copies would be missed
    assert result.excess == pytest.approx(1 / 3)


def test_pixel_threshold_is_exclusive():
    train = np.zeros((2, 8, 8, 1), np.uint8)
    train[1] = 200
    fake = np.full((1, 8, 8, 1), 5, np.uint8)
    assert measure_grey(fake, train, 5).pixel_share == 0
    assert measure_grey(fake, train, 5.01).pixel_share == 1


def measure_grey(fake, train, threshold):
    rows = [images.reshape(len(images), -1).astype(float) for images in (fake, train)]
    return memorisation(fake, rows[0], train, rows[1], pixel_threshold=threshold)


def test_report_is_ready_for_json():
    report = measure(coarse_images(5, 1), coarse_images(20, 0)).to_dict()
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert list(report) == [
        "excess", "near_copy_share", "train_share", "pixel_share", "train_pixel_share", "feature_share",
        "train_feature_share", "median_distance_ratio", "pixel_threshold", "feature_threshold", "train_count",
        "fake_count",
    ]  # fmt: skip
    renamed = measure(coarse_images(5, 1), coarse_images(20, 0)).to_dict("real")
    assert list(renamed.values()) == list(report.values())
    assert [name for name in renamed if name not in report] == [
        "real_share", "real_pixel_share", "real_feature_share", "real_count",
    ]  # fmt: skip


def test_set_of_one_image_repeated_has_no_ratio():
    train = np.repeat(coarse_images(1, 0), 4, axis=0)
    assert measure(coarse_images(2, 1), train).median_distance_ratio is None


def test_arrays_that_do_not_belong_together_are_refused():
    train = coarse_images(6, 0)
    with pytest.raises(UserError, match=r"`len\(fake_features\)` must be len\(fake_images\) = 6. Received.*=5"):
        memorisation(train, project(train)[:5], train, project(train))
    with pytest.raises(UserError, match=r"`len\(train_features\)` must be len\(train_images\) = 6"):
        memorisation(train, project(train), train, project(train)[:5])
    with pytest.raises(UserError, match="`pixel_threshold` must be a number above 0"):
        memorisation(train, project(train), train, project(train), pixel_threshold=0)
