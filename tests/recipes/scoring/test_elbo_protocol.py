import keras
import numpy as np
import pytest

from keras_transfer_gen import variational
from keras_transfer_gen.objectives.likelihoods import Bernoulli, Perceptual
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.scoring.elbo_protocol import (
    CURVE_IMAGES,
    calibrate,
    curve_elbo,
    elbo_reference,
    elbo_rows,
    measure_elbo,
    measure_refitted,
    subsample,
)
from keras_transfer_gen.training.vae import VAE


@pytest.fixture
def vae(vae_file):
    return load_vae(vae_file)


def test_scores_are_those_of_evaluate_with_16_draws(vae, sample_images):
    measures = measure_elbo(vae, sample_images, "the test")
    expected = vae.evaluate(sample_images, samples=16, seed=0, return_dict=True)
    bound = measures["elbo"]
    assert (bound["value"], bound["n_images"], bound["reference"]) == (expected["elbo"], 12, "the test")
    assert (bound["samples"], bound["seed"]) == (16, 0)
    assert bound["value"] == pytest.approx(-(bound["reconstruction_loss"] + bound["kl_loss"]), rel=1e-6)
    assert measures["bits_per_dim"]["value"] == variational.bits_per_dim(bound["value"], 32 * 32 * 3)
    assert measures["active_units"] == expected["active_units"] and isinstance(measures["active_units"], int)


def test_rows_are_the_numbers_as_text(vae, sample_images):
    expected = vae.evaluate(sample_images, return_dict=True)
    measures = measure_elbo(vae, sample_images, "cats")
    rows = {name: value for name, value, _ in elbo_rows(measures)}
    assert rows["ELBO"] == f"{expected['elbo']:.1f}" and rows["KL"] == f"{expected['kl_loss']:.1f}"
    assert rows["bits per dimension"] == f"{expected['bits_per_dim']:.3f}"
    assert rows["active units"] == f"{expected['active_units']:.0f}"
    assert elbo_reference(measures) == "ELBO: 12 images of cats" and elbo_rows({}) == []


@pytest.mark.parametrize(
    ("likelihood", "text"),
    [("gaussian_optimal_sigma", "lower is better"), ("bernoulli", "the likelihood is not a density")],
)
def test_bits_of_a_likelihood_without_levels_carry_the_caveat(vae, sample_images, likelihood, text):
    rows = elbo_rows(measure_elbo(VAE(vae.encoder, vae.decoder, likelihood=likelihood), sample_images[:2], "cats"))
    assert next(meaning for name, _, meaning in rows if name == "bits per dimension").startswith(text)


def test_calibration_is_the_mean_squared_error_of_drawn_latents(vae, sample_images):
    calibrate(vae, sample_images)
    stored = float(vae.likelihood.error)
    measures = vae.evaluate(sample_images, samples=1, seed=0, return_dict=True)
    # At the most likely scale the loss is d/2 log(2 pi e sigma^2), whatever the images.
    expected = 0.5 * 32 * 32 * 3 * np.log(2 * np.pi * np.e * stored)
    assert measures["reconstruction_loss"] == pytest.approx(expected, rel=1e-4)
    vae.likelihood.error.assign(stored / 4)
    assert vae.evaluate(sample_images, samples=1, seed=0, return_dict=True)["elbo"] < measures["elbo"] - 100


def test_refitted_bound_is_that_of_a_calibrated_copy_and_leaves_no_trace(vae, sample_images):
    vae.likelihood.error.assign(1e-4)  # of images known by heart: all others look impossible
    before = [value.copy() for value in vae.get_weights()], float(vae.likelihood.error)
    plain = measure_elbo(vae, sample_images[6:], "the test")["elbo"]["value"]
    refitted = measure_refitted(vae, sample_images[:6], sample_images[6:], "the test")
    for value, kept in zip(vae.get_weights(), before[0], strict=True):
        np.testing.assert_array_equal(value, kept)
    assert float(vae.likelihood.error) == before[1] and refitted["reference"] == "the test"
    assert measure_elbo(vae, sample_images[6:], "the test")["elbo"]["value"] == plain < refitted["value"] - 1000
    calibrate(vae, sample_images[:6])
    assert refitted == measure_elbo(vae, sample_images[6:], "the test")["elbo"]


def test_likelihood_without_a_scale_has_nothing_to_refit_and_no_bits(vae, sample_images):
    assert measure_elbo(vae, sample_images, "x")["bits_per_dim"]["caveat"] == ""
    plain = VAE(vae.encoder, vae.decoder, likelihood="bernoulli")
    assert measure_refitted(plain, sample_images[:6], sample_images[6:], "x") is None
    assert measure_elbo(plain, sample_images, "x")["bits_per_dim"]["caveat"].startswith(
        "the likelihood is not a density over"
    )
    assert not Perceptual(keras.layers.Flatten(), pixels=Bernoulli()).of_levels


def test_curve_uses_fewer_images(vae, sample_images):
    many = np.tile(sample_images, (40, 1, 1, 1))
    assert len(subsample(many)) == 160 and len(subsample(sample_images)) == 12 and CURVE_IMAGES == 200
    few = vae.evaluate(sample_images, samples=4, seed=0, return_dict=True)["elbo"]
    assert curve_elbo(vae, sample_images) == pytest.approx(few)
