import numpy as np
import pytest
import scipy.linalg

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.metrics.fid import features_to_statistics, fid, frechet_distance


def draw(count, width, seed):
    generator = np.random.default_rng(seed)
    mix = generator.normal(size=(width, width))
    return generator.normal(size=(count, width)) @ mix + generator.normal(size=width)


def sqrtm_distance(real, fake):
    a, b = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    crossed = np.trace(scipy.linalg.sqrtm(a @ b)).real
    return ((real.mean(0) - fake.mean(0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * crossed


def test_statistics_equal_numpy_and_divide_by_one_less():
    features = draw(30, 4, 0).astype(np.float32)
    statistics = features_to_statistics(features)
    assert statistics.mean.dtype == statistics.covariance.dtype == np.float64 and statistics.count == 30
    np.testing.assert_allclose(statistics.mean, features.mean(0, dtype=np.float64))
    np.testing.assert_allclose(statistics.covariance, np.cov(features.astype(np.float64), rowvar=False))
    assert not np.allclose(statistics.covariance, np.cov(features, rowvar=False, ddof=0), rtol=1e-3)


@pytest.mark.parametrize(("n", "m", "width"), [(50, 40, 6), (200, 300, 12)])
def test_distance_equals_scipy_sqrtm_where_covariances_have_full_rank(n, m, width):
    real, fake = draw(n, width, 1), draw(m, width, 2)
    expected = sqrtm_distance(real, fake)
    assert frechet_distance(features_to_statistics(real), features_to_statistics(fake)) == pytest.approx(expected)
    assert fid(real, fake) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "m"), [(8, 30), (30, 8), (7, 5)])
def test_fid_of_few_images_equals_the_distance_of_singular_covariances(n, m):
    real, fake = draw(n, 20, 3), draw(m, 20, 4)
    by_statistics = frechet_distance(features_to_statistics(real), features_to_statistics(fake))
    assert fid(real, fake) == pytest.approx(by_statistics, rel=1e-6)


def test_fid_of_numbers_has_a_closed_form():
    real, fake = draw(9, 1, 5), draw(7, 1, 6)
    expected = (real.mean() - fake.mean()) ** 2 + (real.std(ddof=1) - fake.std(ddof=1)) ** 2
    assert fid(real, fake) == pytest.approx(expected)
    few = np.float64([[0, 0, 0], [2, 0, 0]]), np.float64([[0, 5, 0], [0, 5, 4]])  # spread along different axes
    assert fid(*few) == pytest.approx(1 + 25 + 4 + 2 + 8)


def test_fid_is_symmetric_and_zero_for_one_set():
    real, fake = draw(10, 20, 7), draw(12, 20, 8)
    assert fid(real, fake) == pytest.approx(fid(fake, real))
    assert fid(real, real.copy()) == pytest.approx(0, abs=1e-9 * (real**2).sum())
    assert fid(real + 1.0, real) == pytest.approx(20.0)


def test_bad_arguments_are_refused():
    with pytest.raises(UserError, match=r"`len\(features\)` must be at least 2"):
        features_to_statistics(np.ones((1, 3)))
    with pytest.raises(UserError, match=r"`fake_features.shape\[1\]` must be 3"):
        fid(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(UserError, match=r"`b.mean.shape` must be \(3,\), as in the other set. Received: .*\(4,\)"):
        frechet_distance(features_to_statistics(np.ones((2, 3))), features_to_statistics(np.ones((2, 4))))
