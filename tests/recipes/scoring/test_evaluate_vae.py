import pytest

from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.scoring.evaluate_vae import elbo_reference, elbo_rows, evaluate_elbo
from keras_transfer_gen.training.vae import VAE


def test_bound_of_a_vae_stands_in_the_table_and_others_have_none(vae_file, sample_images):
    vae = load_vae(vae_file)
    bound = evaluate_elbo(vae, sample_images, "cats")
    expected = vae.evaluate(sample_images, return_dict=True)
    assert bound["elbo"]["value"] == pytest.approx(expected["elbo"])
    rows = {name: value for name, value, _ in elbo_rows(bound)}
    assert rows["ELBO"] == f"{expected['elbo']:.1f}" and rows["KL"] == f"{expected['kl_loss']:.1f}"
    assert rows["bits per dimension"] == f"{expected['bits_per_dim']:.3f}"
    assert rows["active units"] == f"{expected['active_units']:.0f}"
    assert elbo_reference(bound) == "bound: 12 images of cats"
    assert evaluate_elbo(object(), sample_images, "cats") == {}


def test_bits_of_a_likelihood_without_levels_carry_the_caveat(vae_file, sample_images):
    vae = load_vae(vae_file)
    for likelihood, text in (
        ("gaussian_optimal_sigma", "lower is better"),
        ("bernoulli", "the likelihood is not a density"),
    ):
        rows = elbo_rows(evaluate_elbo(VAE(vae.encoder, vae.decoder, likelihood=likelihood), sample_images[:2], "cats"))
        assert next(meaning for name, _, meaning in rows if name == "bits per dimension").startswith(text)
