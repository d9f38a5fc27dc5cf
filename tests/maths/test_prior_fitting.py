import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from keras_transfer_gen import checks
from keras_transfer_gen.maths.prior_fitting import fit_distribution

RNG = np.random.default_rng(0)
MIX = RNG.standard_normal((5, 5))
Z_MEAN = (RNG.standard_normal((400, 5)) @ MIX + 1.0).astype(np.float32)
Z_LOG_VAR = RNG.uniform(-3, -1, (400, 5)).astype(np.float32)


def test_full_covariance_is_that_of_draws_from_all_posteriors():
    distribution = fit_distribution(Z_MEAN, Z_LOG_VAR, kind="full")
    drawn = Z_MEAN + np.exp(0.5 * Z_LOG_VAR) * RNG.standard_normal((500, 400, 5))
    np.testing.assert_allclose(distribution.means[0], Z_MEAN.mean(0), atol=1e-5)
    np.testing.assert_allclose(distribution.covariances[0], np.cov(drawn.reshape(-1, 5).T), atol=0.02)
    assert distribution.weights.tolist() == [1.0] and distribution.shrinkage is None


def test_full_distribution_has_the_highest_mean_elbo_of_all_normal_ones():
    """KL of every posterior to a distribution, averaged, is least for the fitted one."""

    def mean_kl(mean, covariance):
        inverse, variance = np.linalg.inv(covariance), np.exp(Z_LOG_VAR)
        centred = Z_MEAN - mean
        distance = np.einsum("ni,ij,nj->n", centred, inverse, centred) + variance @ np.diag(inverse)
        return 0.5 * np.mean(distance - 5 - Z_LOG_VAR.sum(1)) + 0.5 * np.linalg.slogdet(covariance)[1]

    distribution = fit_distribution(Z_MEAN, Z_LOG_VAR, kind="full")
    best = mean_kl(distribution.means[0], distribution.covariances[0])
    for _ in range(20):
        noise = 0.05 * RNG.standard_normal((5, 5))
        other = (np.eye(5) + noise) @ distribution.covariances[0] @ (np.eye(5) + noise).T
        assert mean_kl(distribution.means[0] + 0.05 * RNG.standard_normal(5), other) > best
    narrow = fit_distribution(Z_MEAN, kind="full", on="z_mean")
    assert mean_kl(narrow.means[0], narrow.covariances[0]) > best


def test_shrunk_covariance_equals_the_formula_of_ledoit_and_wolf():
    few = Z_MEAN[:7].astype(np.float64)
    distribution = fit_distribution(few, kind="shrunk", on="z_mean")
    centred, count, size = few - few.mean(0), 7, 5
    sample = centred.T @ centred / count
    level = np.trace(sample) / size
    spread = np.sum((sample - level * np.eye(size)) ** 2) / size
    error = sum(np.sum((np.outer(row, row) - sample) ** 2) for row in centred) / size / count**2
    share = min(error, spread) / spread
    np.testing.assert_allclose(distribution.shrinkage, share, rtol=1e-6)
    np.testing.assert_allclose(
        distribution.covariances[0], share * level * np.eye(size) + (1 - share) * sample, rtol=1e-6
    )
    np.testing.assert_allclose(distribution.covariances[0], LedoitWolf().fit(few).covariance_, rtol=1e-6)


def test_mixture_finds_separate_groups():
    groups = np.concatenate([Z_MEAN[:100] * 0.1 + 8, Z_MEAN[100:] * 0.1 - 8])
    distribution = fit_distribution(groups, Z_LOG_VAR, kind="mixture", components=2)
    order = np.argsort(distribution.weights)
    np.testing.assert_allclose(distribution.weights[order], [0.25, 0.75], atol=1e-4)
    for number, rows in ((order[0], slice(0, 100)), (order[1], slice(100, 400))):
        np.testing.assert_allclose(distribution.means[number], groups[rows].mean(0), atol=1e-3)
        own = np.cov(groups[rows].T, bias=True) + np.diag(np.exp(Z_LOG_VAR[rows]).mean(0))
        np.testing.assert_allclose(distribution.covariances[number], own, atol=1e-3)


def test_mixture_of_few_latents_is_axis_aligned_and_repeatable():
    distribution = fit_distribution(Z_MEAN[:30], Z_LOG_VAR[:30], kind="mixture", components=3, seed=2)
    again = fit_distribution(Z_MEAN[:30], Z_LOG_VAR[:30], kind="mixture", components=3, seed=2)
    np.testing.assert_array_equal(distribution.covariances, again.covariances)
    off = distribution.covariances * (1 - np.eye(5))
    assert np.abs(off).max() == 0
    assert fit_distribution(Z_MEAN[:100], kind="mixture", on="z_mean").weights.shape == (4,)


def test_ten_latents_of_many_dimensions_are_enough_with_shrinkage():
    wide = RNG.standard_normal((10, 64)).astype(np.float32)
    distribution = fit_distribution(wide, kind="shrunk", on="z_mean")
    assert np.linalg.eigvalsh(distribution.covariances[0]).min() > 0 and 0 < distribution.shrinkage <= 1
    with pytest.raises(checks.UserError, match="`z_mean` must be enough latents for a full covariance of 64"):
        fit_distribution(wide, kind="full", on="z_mean")


def test_what_does_not_fit_is_refused():
    with pytest.raises(checks.UserError, match="`kind` must be one of 'full', 'shrunk', 'mixture'"):
        fit_distribution(Z_MEAN, kind="ful")
    with pytest.raises(checks.UserError, match="`on` must be one of 'z', 'z_mean'"):
        fit_distribution(Z_MEAN, on="mean")
    with pytest.raises(checks.UserError, match=r"`z_mean` must be finite numbers \[N, D\], N at least 4"):
        fit_distribution(Z_MEAN[:3], on="z_mean")
    with pytest.raises(checks.UserError, match="`z_log_var` must be an array where on='z'"):
        fit_distribution(Z_MEAN)
    with pytest.raises(checks.UserError, match=r"`z_log_var` must be finite numbers \[400, 5\]"):
        fit_distribution(Z_MEAN, Z_LOG_VAR[:9])
    with pytest.raises(checks.UserError, match="`components` must be an integer from 1 to 400"):
        fit_distribution(Z_MEAN, Z_LOG_VAR, kind="mixture", components=401)
