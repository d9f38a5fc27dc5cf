import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.priors.gaussian import GaussianPrior

RNG = np.random.default_rng(0)
LATENTS = RNG.standard_normal((50, 3)).astype(np.float32)
MIXED = RNG.standard_normal((3, 3))
MEAN, COVARIANCE = np.float64([2.0, 0.0, -1.0]), MIXED @ MIXED.T + 0.5 * np.eye(3)


def gaussian():
    return GaussianPrior(3).set_distribution(MEAN, COVARIANCE)


def test_gaussian_samples_have_the_mean_and_covariance():
    drawn = gaussian()(RNG.standard_normal((20000, 3))).numpy()
    np.testing.assert_allclose(drawn.mean(0), MEAN, atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), COVARIANCE, atol=0.25)


def test_gradients_of_the_log_density_point_to_the_mean():
    prior, latents = gaussian(), tf.Variable(LATENTS)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(prior.log_prob(latents))
    expected = -np.linalg.solve(COVARIANCE, (LATENTS - MEAN).T).T
    np.testing.assert_allclose(tape.gradient(value, latents).numpy(), expected, rtol=1e-3, atol=1e-4)


def test_wrong_distributions_are_refused():
    with pytest.raises(checks.UserError, match=r"`mean` must be a finite array of shape \[3\]"):
        GaussianPrior(3).set_distribution([0.0], np.eye(3))
    with pytest.raises(checks.UserError, match="`covariance` must be positive definite"):
        GaussianPrior(3).set_distribution(np.zeros(3), np.diag([1.0, 1.0, -1.0]))
