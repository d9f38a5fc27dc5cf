import numpy as np
import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.metrics.inputs import (
    check_features,
    check_length,
    check_pair,
    check_uint8_images,
    check_width,
)


def test_features_become_float64():
    checked = check_features("x", np.float32([[1, 2], [3, 4]]))
    assert checked.dtype == np.float64
    np.testing.assert_array_equal(checked, [[1, 2], [3, 4]])


def test_pair_of_unequal_counts_is_accepted():
    real, fake = check_pair(np.ones((2, 4), np.float16), np.ones((5, 4), np.int32))
    assert real.shape == (2, 4) and fake.shape == (5, 4)
    assert real.dtype == fake.dtype == np.float64


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (np.ones(3), r"`x` must be real numbers \[images, features\]. Received: x=array float64 \[3\]"),
        (np.ones((2, 0)), r"`x` must be real numbers \[images, features\]. Received: x=array float64 \[2, 0\]"),
        (np.full((2, 2), "a"), r"`x` must be real numbers"),
        (np.ones((1, 2)), r"`len\(x\)` must be at least 2. Received: len\(x\)=1. Use more images."),
        ([[1.0, np.nan], [0.0, 0.0]], r"`x` must be finite. Received: x='NaN or infinity'"),
    ],
)
def test_bad_features_are_refused_by_name(value, match):
    with pytest.raises(UserError, match=match):
        check_features("x", value)


def test_rows_of_another_length_are_refused():
    with pytest.raises(UserError, match=r"`fake_features.shape\[1\]` must be 4, as in the other set.*=3.*same feature"):
        check_pair(np.ones((2, 4)), np.ones((2, 3)))
    assert check_width("fake_features", np.ones((2, 4)), np.ones((9, 4))) is None


@pytest.mark.parametrize("shape", [(2, 8, 9, 1), (1, 8, 8, 3), (2, 4, 4, 7)])
def test_uint8_images_pass_unchanged(shape):
    images = np.zeros(shape, np.uint8)
    assert check_uint8_images("images", images) is images


@pytest.mark.parametrize(
    ("images", "options", "match"),
    [
        (np.zeros((2, 8, 8, 3)), {}, r"uint8 \[N, H, W, C\], N at least 1. .*array float64 .*pixels.to_uint8"),
        (np.zeros((8, 8, 3), np.uint8), {}, r"Received: images=array uint8 \[8, 8, 3\]"),
        (np.zeros((1, 8, 8, 3), np.uint8), {"least": 2}, r"N at least 2. .*Use more images"),
        (np.zeros((2, 0, 8, 3), np.uint8), {}, r"uint8 \[N, H, W, C\]"),
        (np.zeros((2, 8, 8, 4), np.uint8), {"channels": "1 or 3"}, r"uint8 \[N, H, W, 1 or 3\], N at least 1"),
    ],
)
def test_other_images_are_refused(images, options, match):
    with pytest.raises(UserError, match=rf"`images` must be .*{match}"):
        check_uint8_images("images", images, **options)


def test_features_of_other_images_are_refused_by_their_number():
    assert check_length("features", np.ones((3, 2)), "images", np.ones((3, 8, 8, 1))) is None
    with pytest.raises(UserError, match=r"`len\(features\)` must be len\(images\) = 4. .*=3.*same order"):
        check_length("features", np.ones((3, 2)), "images", np.ones((4, 8, 8, 1)))
