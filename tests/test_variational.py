import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats

from keras_transfer_gen import checks, variational

RNG = np.random.default_rng(0)
MEAN, LOG_VAR, Z = (RNG.normal(size=(5, 3)).astype(np.float32) for _ in range(3))


def test_kl_equals_its_integral():
    kl = variational.kl_to_standard_normal(MEAN, LOG_VAR)
    assert kl.shape == (5, 3) and kl.dtype == tf.float32
    posterior, unit = stats.norm(MEAN[0, 0], math.exp(0.5 * LOG_VAR[0, 0])), stats.norm()
    area, _ = integrate.quad(lambda x: posterior.pdf(x) * (posterior.logpdf(x) - unit.logpdf(x)), -12, 12)
    assert float(kl[0, 0]) == pytest.approx(area, abs=1e-6)


def test_normal_log_density_equals_scipy():
    expected = stats.norm(MEAN, np.exp(0.5 * LOG_VAR)).logpdf(Z).sum(1)
    np.testing.assert_allclose(variational.normal_log_density(Z, MEAN, LOG_VAR), expected, rtol=1e-5)


def test_free_bits_are_of_the_mean_of_each_term_and_stop_its_gradient():
    terms = tf.Variable([[0.1, 2.0], [0.5, 4.0]])
    with tf.GradientTape() as tape:
        value = variational.apply_free_bits(terms, 0.5)
    assert float(value) == pytest.approx(0.5 + 3.0)
    assert tape.gradient(value, terms).numpy().tolist() == [[0.0, 0.5], [0.0, 0.5]]
    # A floor on each image's term, the common fault, would count the second image's first term as well.
    wrong = tf.reduce_sum(tf.reduce_mean(tf.maximum(terms, 0.3), axis=0))
    assert float(variational.apply_free_bits(terms, 0.3)) == pytest.approx(3.3) and float(wrong) == pytest.approx(3.4)
    assert float(variational.apply_free_bits(terms)) == pytest.approx(3.3)


@pytest.mark.parametrize(("kimg", "length", "share"), [(0, 4, 0), (1, 4, 0.25), (9, 4, 1), (0, 0, 1)])
def test_kl_annealing_is_a_ramp(kimg, length, share):
    assert float(variational.kl_annealing_share(tf.constant(kimg, tf.float32), length)) == share


def test_importance_bound_rises_with_k_towards_the_log_likelihood():
    """x = z + noise, both N(0, 1), so that x is N(0, 2); the posterior in use is one that is slightly wrong."""
    x, rows = 1.3, 4000
    posterior = stats.norm(0.4, 0.9)
    z = posterior.rvs((rows, 64), random_state=np.random.default_rng(1))
    log_weights = stats.norm(z, 1).logpdf(x) + stats.norm().logpdf(z) - posterior.logpdf(z)
    bounds = [variational.importance_bound(log_weights[:, :k]).mean() for k in (1, 2, 8, 64)]
    truth = stats.norm(0, math.sqrt(2)).logpdf(x)
    assert bounds == sorted(bounds) and bounds[0] == pytest.approx(log_weights[:, 0].mean())
    assert bounds[0] < truth - 0.02 and bounds[-1] == pytest.approx(truth, abs=3e-3)


def test_importance_bound_equals_numpy_and_survives_large_numbers():
    log_weights = RNG.normal(size=(4, 6)) * 3
    expected = np.log(np.exp(log_weights).mean(1))
    np.testing.assert_allclose(variational.importance_bound(log_weights), expected, rtol=1e-12)
    np.testing.assert_allclose(variational.importance_bound(log_weights - 9000), expected - 9000, rtol=1e-12)


def test_bits_per_dim_of_a_uniform_density_are_eight():
    """The density 1/2 over [-1, 1] gives each of 255 steps log2(255) bits."""
    assert variational.bits_per_dim(-784 * math.log(2), 784) == pytest.approx(math.log2(255))


def test_active_units_counts_dimensions_whose_mean_varies():
    z_mean = np.zeros((50, 4))
    z_mean[:, 0], z_mean[:, 1] = RNG.normal(size=50), 5.0
    z_mean[:, 2] = np.tile([-0.11, 0.11], 25)  # variance 0.0121
    z_mean[:, 3] = np.tile([-0.09, 0.09], 25)  # variance 0.0081
    assert variational.active_units(z_mean) == 2
    with pytest.raises(checks.UserError, match="`z_mean` must be the means of at least 2"):
        variational.active_units(z_mean[:1])


@pytest.mark.parametrize(
    ("kl", "active", "collapsed"), [(0.2, 30, True), (9.0, 3, True), (9.0, 4, False), (1.0, 64, False)]
)
def test_collapse_is_described_with_advice(kl, active, collapsed):
    text = variational.describe_collapse(kl, active, 64)
    assert bool(text) == collapsed
    if collapsed:
        assert f"{active} of 64" in text and "--free-bits" in text and "--beta" in text
