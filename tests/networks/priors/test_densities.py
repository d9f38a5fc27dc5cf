import numpy as np
import pytest
from scipy import stats

from keras_transfer_gen import checks
from keras_transfer_gen.networks.priors.densities import (
    cholesky,
    factored_log_prob,
    finite_array,
    identity,
    standard_log_prob,
)

MIXED = np.random.default_rng(0).standard_normal((3, 3))
COVARIANCE = MIXED @ MIXED.T + 0.5 * np.eye(3)
LATENTS = np.random.default_rng(1).standard_normal((20, 3)).astype(np.float32)


def test_densities_equal_scipy():
    np.testing.assert_allclose(standard_log_prob(LATENTS), stats.norm.logpdf(LATENTS).sum(1), rtol=1e-5)
    factor = np.float32(cholesky("covariance", COVARIANCE, (3, 3)))
    expected = stats.multivariate_normal(np.zeros(3), COVARIANCE).logpdf(LATENTS)
    np.testing.assert_allclose(factored_log_prob(LATENTS, factor), expected, rtol=1e-4, atol=1e-4)


def test_factor_is_that_of_the_covariance():
    factor = cholesky("covariance", COVARIANCE, (3, 3))
    np.testing.assert_allclose(factor @ factor.T, COVARIANCE)
    with pytest.raises(checks.UserError, match="`covariance` must be positive definite.*shrinkage"):
        cholesky("covariance", -COVARIANCE, (3, 3))


def test_arrays_of_another_shape_or_not_finite_are_refused():
    assert finite_array("mean", [1, 2], (2,)).dtype == np.float64
    for wrong in ([1.0], [1.0, np.nan]):
        with pytest.raises(checks.UserError, match=r"`mean` must be a finite array of shape \[2\]"):
            finite_array("mean", wrong, (2,))


def test_factors_begin_as_identities():
    np.testing.assert_array_equal(identity((2, 3, 3), "float32"), np.stack([np.eye(3)] * 2))
