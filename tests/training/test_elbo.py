import gc
import logging
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from scipy.special import logsumexp

from keras_transfer_gen import checks, variational
from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae
from keras_transfer_gen.networks.priors.gaussian import GaussianPrior
from keras_transfer_gen.training import elbo
from keras_transfer_gen.training.precision import set_precision
from keras_transfer_gen.training.vae import VAE

IMAGES = np.random.default_rng(0).integers(0, 256, (37, 28, 28, 1), dtype=np.uint8)


@pytest.fixture(scope="module")
def vae():
    keras.utils.set_random_seed(0)
    model = VAE(*build_conv_vae(28, 1, latent_dim=4, max_channels=8, min_channels=8))
    model.compile()
    model.fit(IMAGES, batch_size=37, verbose=0)
    return model


def by_hand(vae, images, samples, seed, prior):
    """(log-likelihood, KL, log weights) from SciPy's densities and the two networks alone, an image at a time."""
    rows = []
    for number, image in enumerate(images):
        real = image[None].astype(np.float64) / 127.5 - 1.0
        mean, log_var = (part.numpy()[0].astype(np.float64) for part in vae.encoder(np.float32(real), training=False))
        noise = np.random.default_rng((seed, number)).standard_normal(samples * len(mean), np.float32)
        z = mean + np.exp(0.5 * log_var) * noise.reshape(samples, -1)
        decoded = vae.decoder(np.float32(z), training=False).numpy().astype(np.float64)
        likelihood = stats.norm(decoded, np.sqrt(float(vae.likelihood.error))).logpdf(real).sum((1, 2, 3))
        posterior = stats.norm(mean, np.exp(0.5 * log_var)).logpdf(z).sum(1)
        kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum() if prior is None else np.nan
        density = stats.norm().logpdf(z).sum(1) if prior is None else prior.logpdf(z)
        rows.append((likelihood, np.full(samples, kl), likelihood + density - posterior))
    return [np.array(part) for part in zip(*rows, strict=True)]


def test_elbo_equals_numpy(vae):
    figures = vae.evaluate(IMAGES, return_dict=True)
    likelihood, kl, weights = by_hand(vae, IMAGES, 16, 0, None)
    assert figures["reconstruction_loss"] == pytest.approx(-likelihood.mean(), rel=1e-5)
    assert figures["kl_loss"] == pytest.approx(kl.mean(), rel=1e-5)
    assert figures["elbo"] == pytest.approx(likelihood.mean() - kl.mean(), rel=1e-5)
    expected = (logsumexp(weights, axis=1) - np.log(16)).mean()
    assert figures["importance_bound"] == pytest.approx(expected, rel=1e-5)
    assert figures["bits_per_dim"] == pytest.approx(-figures["elbo"] / (784 * np.log(2)) + np.log2(127.5))
    assert figures["active_units"] == (vae.encode(IMAGES)[0].var(axis=0) > 0.01).sum()


def test_elbo_of_an_image_does_not_depend_on_the_others(vae):
    whole, part = elbo.measure_elbo(vae, IMAGES, 2), elbo.measure_elbo(vae, IMAGES[:3], 2)
    np.testing.assert_allclose(part.log_weights, whole.log_weights[:3], rtol=1e-6)
    assert whole.log_weights.shape == (37, 2) and whole.z_mean.shape == (37, 4)


def test_importance_bound_rises_with_the_number_of_draws(vae):
    """Exactly so where the same 16 draws are taken singly, in fours and all at once."""
    weights = elbo.measure_elbo(vae, IMAGES, 16).log_weights
    bounds = [variational.importance_bound(weights.reshape(-1, k)).mean() for k in (1, 4, 16)]
    assert bounds[0] < bounds[1] < bounds[2]
    assert bounds[2] == pytest.approx(vae.evaluate(IMAGES, return_dict=True)["importance_bound"])


def test_prior_of_another_distribution_is_used(vae):
    twin = VAE(vae.encoder, vae.decoder, likelihood=vae.likelihood)
    covariance = np.diag([4.0, 1.0, 0.25, 1.0])
    covariance[0, 1] = covariance[1, 0] = 0.5
    twin.set_prior(GaussianPrior(4).set_distribution(np.ones(4), covariance))
    _, _, weights = by_hand(vae, IMAGES[:5], 4, 0, stats.multivariate_normal(np.ones(4), covariance))
    measured = elbo.measure_elbo(twin, IMAGES[:5], 4)
    np.testing.assert_allclose(measured.log_weights, weights, rtol=1e-5)
    assert not np.allclose(measured.divergence, elbo.measure_elbo(vae, IMAGES[:5], 4).divergence)


def test_one_image_has_no_active_units_and_no_draws_are_refused(vae):
    assert np.isnan(elbo.measure_elbo(vae, IMAGES[:1]).summary()["active_units"])
    with pytest.raises(checks.UserError, match="`samples` must be an integer of at least 1"):
        elbo.measure_elbo(vae, IMAGES, samples=0)


def test_encoder_is_traced_once_for_each_precision_and_ends_with_its_graph(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("tensorflow"), "propagate", True)
    encoder, _ = build_conv_vae(28, 1, latent_dim=4, max_channels=8, min_channels=8)
    expected = elbo.encode_images(encoder, IMAGES)[0]
    graph = elbo._traced_encoder(encoder)
    for number in range(6):
        np.testing.assert_array_equal(elbo.encode_images(encoder, IMAGES)[0], expected)
        elbo.encode_images(build_conv_vae(28, 1, latent_dim=4, max_channels=8, min_channels=8)[0], IMAGES[: number + 1])
    assert elbo._traced_encoder(encoder) is graph and "retracing" not in caplog.text
    set_precision(encoder, "bfloat16")
    half = elbo.encode_images(encoder, IMAGES)[0]
    assert (half != expected).any()
    np.testing.assert_allclose(half, expected, atol=0.1)
    set_precision(encoder, "float32")
    np.testing.assert_array_equal(elbo.encode_images(encoder, IMAGES)[0], expected)
    encoder.set_weights([2 * value for value in encoder.get_weights()])
    assert (elbo.encode_images(encoder, IMAGES)[0] != expected).any()

    gone = weakref.ref(encoder)
    del encoder, graph
    gc.collect()
    assert gone() is None


def test_encoded_images_equal_the_encoder_whatever_their_number(vae):
    mean, log_var = elbo.encode_images(vae.encoder, IMAGES)
    expected = vae.encoder(tf.cast(IMAGES, tf.float32) / 127.5 - 1.0, training=False)
    np.testing.assert_allclose(mean, expected[0], atol=1e-5)
    np.testing.assert_allclose(log_var, expected[1], atol=1e-5)
