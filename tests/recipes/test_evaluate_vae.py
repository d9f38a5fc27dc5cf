import pytest

from keras_transfer_gen.recipes.evaluate_vae import bound_against, bound_rows, evaluate_bound
from keras_transfer_gen.recipes.load_vae import load_vae


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
