import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.spread import spread_ratio


def test_sets_of_one_distribution_have_the_same_spread_and_a_narrow_one_less():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 300, 16))
    assert spread_ratio(real, fake) == pytest.approx(1.0, abs=0.05)
    assert spread_ratio(real, 0.25 * fake) == pytest.approx(0.25, abs=0.02)
    assert spread_ratio(real, np.zeros((5, 16))) == 0.0
    assert spread_ratio(np.ones((5, 16)), fake[:5]) == 1.0


def test_too_few_images_are_refused():
    with pytest.raises(checks.UserError, match="at least 2"):
        spread_ratio(np.zeros((1, 4)), np.zeros((5, 4)))
