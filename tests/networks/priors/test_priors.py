import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_transfer_gen import checks
from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.tflite import operators, write_tflite
from keras_transfer_gen.networks.priors.priors import GaussianPrior, MixturePrior, StandardNormal
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


def test_gaussian_samples_have_the_mean_and_covariance():
    drawn = gaussian()(RNG.standard_normal((20000, 3))).numpy()
    np.testing.assert_allclose(drawn.mean(0), MEANS[0], atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), COVARIANCES[0], atol=0.25)


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
    law = MixturePrior(3, components=2).set_distribution(WEIGHTS, np.zeros((2, 3)), [np.eye(3)] * 2)
    assert stats.kstest(law(noise).numpy()[turn < 0.3, 1], "norm").pvalue > 1e-3


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


def test_kl_of_one_normal_law_equals_its_closed_form():
    variance = np.exp(LATENTS[25:])
    for prior, mean, covariance in ((StandardNormal(), np.zeros(3), np.eye(3)), (gaussian(), MEANS[0], COVARIANCES[0])):
        found = prior.kl_terms(LATENTS[:25], LATENTS[25:], latents=None).numpy().sum(1)
        inverse = np.linalg.inv(covariance)
        expected = [
            0.5 * (np.trace(inverse @ np.diag(v)) + (m - mean) @ inverse @ (m - mean) - 3)
            + 0.5 * (np.linalg.slogdet(covariance)[1] - np.log(v).sum())
            for m, v in zip(LATENTS[:25], variance, strict=True)
        ]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert StandardNormal().kl_terms(LATENTS, LATENTS, None).shape == (50, 3)  # free bits act on each dimension


def test_kl_of_a_mixture_is_that_of_draws():
    z_mean, z_log_var = np.tile(MEANS[:1], (20000, 1)).astype(np.float32), np.full((20000, 3), -1.0, np.float32)
    drawn = z_mean + np.exp(0.5 * z_log_var) * RNG.standard_normal((20000, 3)).astype(np.float32)
    one = MixturePrior(3, 1).set_distribution([1.0], MEANS[:1], COVARIANCES[:1])  # has a closed form, which isn't used
    exact = gaussian().kl_terms(z_mean[:1], z_log_var[:1], None).numpy()[0, 0]
    assert abs(one.kl_terms(z_mean, z_log_var, drawn).numpy().mean() - exact) < 0.05
    assert abs(mixture().kl_terms(z_mean, z_log_var, drawn).numpy().mean() - exact) > 0.2


def test_gradients_of_the_log_density_point_to_the_mean():
    prior, latents = gaussian(), tf.Variable(LATENTS)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(prior.log_prob(latents))
    expected = -np.linalg.solve(COVARIANCES[0], (LATENTS - MEANS[0]).T).T
    np.testing.assert_allclose(tape.gradient(value, latents).numpy(), expected, rtol=1e-3, atol=1e-4)


def test_fitted_weights_are_not_trained():
    assert gaussian().trainable_weights == [] and len(mixture().weights) == 3


def test_attach_sets_the_size_once():
    prior = StandardNormal()
    with pytest.raises(checks.UserError, match="`latent_dim` must be known before sample"):
        prior.sample(2)
    prior.attach(5)
    assert prior.latent_dim == 5 and prior.sample(2).shape == (2, 5)
    with pytest.raises(
        checks.UserError, match="`prior` must be a distribution of 6 latent dimensions. Received: prior=5"
    ):
        prior.attach(6)


def test_wrong_laws_are_refused():
    with pytest.raises(checks.UserError, match=r"`mean` must be a finite array of shape \[3\]"):
        GaussianPrior(3).set_distribution([0.0], np.eye(3))
    with pytest.raises(checks.UserError, match="`covariance` must be positive definite"):
        GaussianPrior(3).set_distribution(np.zeros(3), np.diag([1.0, 1.0, -1.0]))
    with pytest.raises(checks.UserError, match="`weights` must be positive and of sum 1"):
        MixturePrior(3, 2).set_distribution([0.5, 0.6], MEANS, COVARIANCES)
    with pytest.raises(checks.UserError, match="`latent_dim` must be an integer of at least 2"):
        MixturePrior(1, 2)
