import pytest

from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.scoring.evaluate_vae import bound_against, bound_rows, evaluate_bound
from keras_transfer_gen.training.vae import VAE


def test_bound_of_a_vae_stands_in_the_table_and_others_have_none(vae_file, pictures):
    vae = load_vae(vae_file)
    bound = evaluate_bound(vae, pictures, "cats")
    expected = vae.evaluate(pictures, return_dict=True)
    assert bound["elbo"]["value"] == pytest.approx(expected["elbo"])
    rows = {name: value for name, value, _ in bound_rows(bound)}
    assert rows["ELBO"] == f"{expected['elbo']:.1f}" and rows["KL"] == f"{expected['kl_loss']:.1f}"
    assert rows["bits per dimension"] == f"{expected['bits_per_dim']:.3f}"
    assert rows["active units"] == f"{expected['active_units']:.0f}"
    assert bound_against(bound) == "bound: 12 pictures of cats"
    assert evaluate_bound(object(), pictures, "cats") == {}


def test_bits_of_a_likelihood_without_levels_carry_the_caveat(vae_file, pictures):
    vae = load_vae(vae_file)
    for likelihood, text in (
        ("gaussian_optimal_sigma", "lower is better"),
        ("bernoulli", "the likelihood is no density"),
    ):
        rows = bound_rows(evaluate_bound(VAE(vae.encoder, vae.decoder, likelihood=likelihood), pictures[:2], "cats"))
        assert next(meaning for name, _, meaning in rows if name == "bits per dimension").startswith(text)
