"""What every prior must do: draw, tell its density, survive saving and both exports."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.export.tflite_convert import operators
from keras_transfer_gen.networks.priors.gaussian import GaussianPrior
from keras_transfer_gen.networks.priors.mixture import MixturePrior
from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.specs import ModelSpec

RNG = np.random.default_rng(0)
LATENTS = RNG.standard_normal((50, 3)).astype(np.float32)
MIXED = RNG.standard_normal((2, 3, 3))
COVARIANCES = MIXED @ MIXED.transpose(0, 2, 1) + 0.5 * np.eye(3)
MEANS = np.float64([[2.0, 0.0, -1.0], [-2.0, 1.0, 1.0]])
WEIGHTS = np.float64([0.3, 0.7])


def gaussian():
    return GaussianPrior(3).set_distribution(MEANS[0], COVARIANCES[0])


def mixture():
    return MixturePrior(3, components=2).set_distribution(WEIGHTS, MEANS, COVARIANCES)


PRIORS = [lambda: StandardNormal(3), gaussian, mixture]


@pytest.mark.parametrize("make", PRIORS)
def test_sample_row_depends_on_seed_and_number_alone(make):
    prior = make()
    rows = prior.sample(6, seed=4).numpy()
    assert rows.shape == (6, 3) and rows.dtype == np.float32
    np.testing.assert_allclose(prior.sample(3, seed=4).numpy(), rows[:3], atol=1e-6)
    traced = tf.function(lambda num: prior.sample(num, seed=4))(tf.constant(6))
    np.testing.assert_allclose(traced.numpy(), rows, atol=1e-6)
    assert len(np.unique(rows[:, 0])) == 6
    assert not np.allclose(prior.sample(6, seed=5).numpy(), rows, atol=0.1)


def test_log_prob_equals_scipy():
    each = [stats.multivariate_normal(m, c).logpdf(LATENTS) for m, c in zip(MEANS, COVARIANCES, strict=True)]
    np.testing.assert_allclose(gaussian().log_prob(LATENTS), each[0], rtol=1e-5, atol=1e-5)
    whole = np.log(WEIGHTS @ np.exp(each))
    np.testing.assert_allclose(mixture().log_prob(LATENTS), whole, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        StandardNormal().log_prob(LATENTS), stats.norm.logpdf(LATENTS).sum(1), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("make", PRIORS)
def test_prior_survives_config_saving_and_both_exports(make, tmp_path):
    prior = make()
    inputs = keras.Input((3,))
    model = keras.Model(inputs, prior(inputs))
    expected = prior(LATENTS).numpy()
    model.save(tmp_path / "prior.keras")
    loaded = keras.models.load_model(tmp_path / "prior.keras")
    np.testing.assert_array_equal(loaded(LATENTS).numpy(), expected)
    model.export(tmp_path / "saved", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "saved"))  # kept: its functions don't hold its variables
    np.testing.assert_allclose(served.serve(LATENTS).numpy(), expected, atol=1e-5)
    spec = ModelSpec(image_size=32, channels=1, latent_dim=3)
    sample_images = keras.layers.Reshape((32, 32, 1))(keras.layers.Dense(1024, "tanh")(model.output))
    servable = generator_servable(keras.Model(inputs, sample_images), spec)
    file = write_tflite(servable, tmp_path / "prior.tflite")  # compares, builtins alone
    assert operators(file.read_bytes())


def test_kl_of_one_normal_distribution_equals_its_closed_form():
    variance = np.exp(LATENTS[25:])
    for prior, mean, covariance in ((StandardNormal(), np.zeros(3), np.eye(3)), (gaussian(), MEANS[0], COVARIANCES[0])):
        terms = prior.kl_terms(LATENTS[:25], LATENTS[25:], latents=None).numpy().sum(1)
        inverse = np.linalg.inv(covariance)
        expected = [
            0.5 * (np.trace(inverse @ np.diag(v)) + (m - mean) @ inverse @ (m - mean) - 3)
            + 0.5 * (np.linalg.slogdet(covariance)[1] - np.log(v).sum())
            for m, v in zip(LATENTS[:25], variance, strict=True)
        ]
        np.testing.assert_allclose(terms, expected, rtol=1e-4, atol=1e-4)
    assert StandardNormal().kl_terms(LATENTS, LATENTS, None).shape == (50, 3)  # free bits act on each dimension


def test_fitted_weights_are_not_trained():
    assert gaussian().trainable_weights == [] and len(mixture().weights) == 3
