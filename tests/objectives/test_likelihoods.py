import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_transfer_gen import checks
from keras_transfer_gen.objectives import likelihoods
from keras_transfer_gen.objectives.likelihoods import Bernoulli, GaussianOptimalSigma, LaplaceOptimalScale, Perceptual

RNG = np.random.default_rng(0)
REAL, MADE = (RNG.uniform(-1, 1, (6, 8, 8, 3)).astype(np.float32) for _ in range(2))
KINDS = [GaussianOptimalSigma, LaplaceOptimalScale, Bernoulli]


def settled(kind):
    """A likelihood whose running scale is that of the two batches."""
    law = kind()
    law.after_step(REAL, MADE, tf.constant(0, tf.int64))
    return law


def test_optimal_sigma_is_the_root_mean_squared_error_and_its_loss_that_of_numpy():
    sigma = math.sqrt(np.mean((REAL - MADE).astype(np.float64) ** 2))
    assert settled(GaussianOptimalSigma).scale == pytest.approx(sigma, rel=1e-5)
    expected = -stats.norm(MADE, sigma).logpdf(REAL).sum((1, 2, 3))
    found = GaussianOptimalSigma().loss(REAL, MADE)
    assert found.shape == (6,) and found.dtype == tf.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(settled(GaussianOptimalSigma).log_likelihood(REAL, MADE), -expected, rtol=1e-5)


def test_optimal_scale_of_l1_is_the_mean_absolute_error():
    scale = np.mean(np.abs(REAL - MADE))
    expected = -stats.laplace(MADE, scale).logpdf(REAL).sum((1, 2, 3))
    np.testing.assert_allclose(LaplaceOptimalScale().loss(REAL, MADE), expected, rtol=1e-5)
    assert settled(LaplaceOptimalScale).scale == pytest.approx(scale, rel=1e-5)


def test_bernoulli_is_the_cross_entropy_of_keras():
    expected = keras.losses.binary_crossentropy((REAL + 1) / 2, (MADE + 1) / 2).numpy().sum((1, 2)) * 3
    np.testing.assert_allclose(Bernoulli().loss(REAL, MADE), expected, rtol=1e-5)
    edges = Bernoulli().loss(np.float32([[[[1.0]]]]), np.float32([[[[-1.0]]]]))
    assert np.isfinite(edges).all() and float(edges[0]) == pytest.approx(-math.log(1e-6), rel=1e-3)


@pytest.mark.parametrize("kind", [GaussianOptimalSigma, LaplaceOptimalScale])
def test_gradient_is_that_of_the_loss_with_the_scale_inside(kind):
    """Nothing is lost by holding the scale: the loss is flat in it. A scale held at another value is not harmless."""

    def gradient(loss):
        made = tf.constant(MADE)
        with tf.GradientTape() as tape:
            tape.watch(made)
            value = loss(made)
        return tape.gradient(value, made).numpy()

    law = kind()

    def whole(made):
        error = law.spread(REAL, made)
        return tf.reduce_sum(law.cost(error, law.log_scale(tf.reduce_mean(error))))

    def constant(made):
        return tf.reduce_sum(law.cost(law.spread(REAL, made), 0.0))

    found = gradient(lambda made: tf.reduce_sum(law.loss(REAL, made)))
    np.testing.assert_allclose(found, gradient(whole), rtol=1e-3, atol=1e-4)
    assert not np.allclose(found, gradient(constant), rtol=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_loss_is_a_sum_over_pixels_not_a_mean(kind):
    larger = [np.concatenate([images] * 2, axis=1) for images in (REAL, MADE)]
    np.testing.assert_allclose(kind().loss(*larger), 2 * kind().loss(REAL, MADE), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_log_likelihood_of_a_image_depends_on_no_other(kind):
    law = settled(kind)
    np.testing.assert_allclose(law.log_likelihood(REAL[:2], MADE[:2]), law.log_likelihood(REAL, MADE)[:2], rtol=1e-6)


def test_running_scale_begins_at_the_first_step_and_follows():
    law = settled(GaussianOptimalSigma)
    first = float(law.error)
    law.after_step(REAL, REAL, tf.constant(1, tf.int64))
    assert float(law.error) == pytest.approx(0.95 * first)


def test_scale_has_a_floor_so_that_perfect_reconstructions_cost_a_finite_number():
    law = GaussianOptimalSigma()
    law.after_step(REAL, REAL, tf.constant(0, tf.int64))
    assert law.scale == pytest.approx(math.exp(likelihoods.LEAST_LOG_SCALE))
    assert np.isfinite(law.loss(REAL, REAL)).all()


def feature_network():
    inputs = keras.Input((8, 8, 3))
    first = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    return keras.Model(inputs, [first, keras.layers.GlobalAveragePooling2D()(first)])


def test_perceptual_adds_the_cost_of_features_to_that_of_the_pixels():
    network = feature_network()
    law = Perceptual(network, weight=0.25)
    parts = [
        stats.norm(b, np.sqrt(np.mean((a - b) ** 2))).logpdf(a).mean(axis=tuple(range(1, a.ndim)))
        for a, b in ((np.array(x), np.array(y)) for x, y in zip(network(REAL), network(MADE), strict=True))
    ]
    expected = LaplaceOptimalScale().loss(REAL, MADE).numpy() - 0.25 * 192 * np.mean(parts, axis=0)
    np.testing.assert_allclose(law.loss(REAL, MADE), expected, rtol=1e-4)
    law.after_step(REAL, MADE, tf.constant(0, tf.int64))
    np.testing.assert_allclose(
        law.log_likelihood(REAL, MADE), settled(LaplaceOptimalScale).log_likelihood(REAL, MADE), rtol=1e-6
    )


def test_likelihoods_survive_their_configuration():
    law = Perceptual(feature_network(), weight=0.25, pixels=GaussianOptimalSigma())
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(law))
    assert twin.weight == 0.25 and isinstance(twin.pixels, GaussianOptimalSigma)
    twin.features.set_weights(law.features.get_weights())
    np.testing.assert_allclose(twin.loss(REAL, MADE), law.loss(REAL, MADE), rtol=1e-6)


def test_perceptual_refuses_what_can_not_be_saved():
    with pytest.raises(checks.UserError, match="`features` must be a Keras model"):
        Perceptual(lambda images: images)
    with pytest.raises(checks.UserError, match="`pixels` must be a Likelihood"):
        Perceptual(feature_network(), pixels="l1")
