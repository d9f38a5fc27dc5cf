import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.maths.residual_detail import add_detail, check_detail

RNG = np.random.default_rng(0)
IMAGES, PLAIN, CHANGED = RNG.integers(0, 256, (3, 5, 8, 8, 3)).astype(np.uint8)


@pytest.mark.parametrize("detail", [0.0, 0.3, 1.0])
def test_detail_equals_numpy(detail):
    mixed = CHANGED.astype(np.float64) + detail * (IMAGES.astype(np.float64) - PLAIN)
    images = add_detail(IMAGES, PLAIN, CHANGED, detail)
    assert images.dtype == np.uint8
    assert np.abs(images - np.clip(mixed, 0, 255)).max() <= 0.5 + 1e-3


def test_no_change_and_no_detail():
    np.testing.assert_array_equal(add_detail(IMAGES, PLAIN, PLAIN, 1.0), IMAGES)
    np.testing.assert_array_equal(add_detail(IMAGES, PLAIN, CHANGED, 0.0), CHANGED)


def test_shares_outside_of_0_to_1_are_refused():
    assert check_detail(0.5) == 0.5
    for detail in (-0.1, 1.1):
        with pytest.raises(checks.UserError, match="`detail` must be a number of at least 0 and at most 1"):
            check_detail(detail)
