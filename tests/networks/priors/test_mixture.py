import numpy as np
import pytest
from scipy import stats

from keras_transfer_gen import checks
from keras_transfer_gen.networks.priors.gaussian import GaussianPrior
from keras_transfer_gen.networks.priors.mixture import MixturePrior

RNG = np.random.default_rng(0)
MIXED = RNG.standard_normal((2, 3, 3))
COVARIANCES = MIXED @ MIXED.transpose(0, 2, 1) + 0.5 * np.eye(3)
MEANS = np.float64([[2.0, 0.0, -1.0], [-2.0, 1.0, 1.0]])
WEIGHTS = np.float64([0.3, 0.7])


def mixture():
    return MixturePrior(3, components=2).set_distribution(WEIGHTS, MEANS, COVARIANCES)


def test_mixture_samples_follow_the_mixture_exactly():
    apart = MixturePrior(3, components=2).set_distribution(WEIGHTS, [[30.0] * 3, [-30.0] * 3], COVARIANCES)
    drawn = apart(RNG.standard_normal((20000, 3))).numpy()
    upper = drawn[:, 0] > 0
    assert abs(upper.mean() - 0.3) < 0.015
    for part, centre, covariance in ((drawn[upper], 30.0, COVARIANCES[0]), (drawn[~upper], -30.0, COVARIANCES[1])):
        # Whitened, each component is standard normal in every entry: no trace of the sector that chose it.
        white = np.linalg.solve(np.linalg.cholesky(covariance), (part - centre).T)
        for entry in white:
            assert stats.kstest(entry, "norm").pvalue > 1e-3
        np.testing.assert_allclose(np.corrcoef(white), np.eye(3), atol=0.05)


def test_mixture_without_stretching_the_sector_is_not_a_mixture():
    noise = RNG.standard_normal((20000, 3))
    turn = 0.5 + np.arctan2(noise[:, 1], noise[:, 0]) / (2 * np.pi)
    assert stats.kstest(noise[turn < 0.3, 1], "norm").pvalue < 1e-10  # the sector of the first component, as it is
    prior = MixturePrior(3, components=2).set_distribution(WEIGHTS, np.zeros((2, 3)), [np.eye(3)] * 2)
    assert stats.kstest(prior(noise).numpy()[turn < 0.3, 1], "norm").pvalue > 1e-3


def test_kl_of_a_mixture_is_that_of_draws():
    z_mean, z_log_var = np.tile(MEANS[:1], (20000, 1)).astype(np.float32), np.full((20000, 3), -1.0, np.float32)
    drawn = z_mean + np.exp(0.5 * z_log_var) * RNG.standard_normal((20000, 3)).astype(np.float32)
    one = MixturePrior(3, 1).set_distribution([1.0], MEANS[:1], COVARIANCES[:1])  # has a closed form, which isn't used
    exact = (
        GaussianPrior(3)
        .set_distribution(MEANS[0], COVARIANCES[0])
        .kl_terms(z_mean[:1], z_log_var[:1], None)
        .numpy()[0, 0]
    )
    assert abs(one.kl_terms(z_mean, z_log_var, drawn).numpy().mean() - exact) < 0.05
    assert abs(mixture().kl_terms(z_mean, z_log_var, drawn).numpy().mean() - exact) > 0.2


def test_wrong_distributions_are_refused():
    with pytest.raises(checks.UserError, match="`weights` must be positive and of sum 1"):
        MixturePrior(3, 2).set_distribution([0.5, 0.6], MEANS, COVARIANCES)
    with pytest.raises(checks.UserError, match="`latent_dim` must be an integer of at least 2"):
        MixturePrior(1, 2)
