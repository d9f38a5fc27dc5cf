import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from keras_transfer_gen import checks
from keras_transfer_gen.maths.closed_curves import closed_curve


@pytest.mark.parametrize("count", [2, 3, 7])
def test_curve_equals_scipy_s_periodic_spline(count):
    points = np.random.default_rng(0).normal(size=(count, 4, 3))
    closed = np.concatenate([points, points[:1]])
    expected = CubicSpline(np.arange(count + 1), closed, bc_type="periodic")(np.arange(count * 5) / 5)
    curve = closed_curve(points, 5)
    np.testing.assert_allclose(curve, expected, atol=1e-6)
    np.testing.assert_array_equal(curve[::5], points.astype(np.float32))


def test_one_point_is_refused():
    with pytest.raises(checks.UserError, match="`points` must be at least 2"):
        closed_curve(np.zeros((1, 3)), 4)
