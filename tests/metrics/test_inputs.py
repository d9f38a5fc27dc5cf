import numpy as np
import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.metrics.inputs import check_features, check_pair, check_width


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
        (np.ones(3), r"`x.shape` must be \[images, features\] of real numbers. Received"),
        (np.ones((2, 0)), r"`x.shape` must be \[images, features\]"),
        (np.full((2, 2), "a"), r"`x.shape` must be .* of real numbers"),
        (np.ones((1, 2)), r"`len\(x\)` must be at least 2. Received: len\(x\)=1. Give more images."),
        ([[1.0, np.nan], [0.0, 0.0]], r"`x` must be finite. Received: x='NaN or infinity'"),
    ],
)
def test_bad_features_are_refused_by_name(value, match):
    with pytest.raises(UserError, match=match):
        check_features("x", value)


def test_rows_of_another_length_are_refused():
    with pytest.raises(UserError, match=r"`fake_features.shape\[1\]` must be 4, as in the other set.*=3.*same feature"):
        check_pair(np.ones((2, 4)), np.ones((2, 3)))
    check_width("fake_features", np.ones((2, 4)), np.ones((9, 4)))
