import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.priors.gaussian import GaussianPrior
from keras_transfer_gen.networks.priors.mixture import MixturePrior
from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.recipes.latent_tools.fit_prior import fit_prior
from keras_transfer_gen.recipes.models.load_vae import load_vae


@pytest.fixture
def vae(vae_file):
    return load_vae(vae_file)


def test_fitted_prior_raises_the_bound_and_moves_what_is_generated(vae, sample_images):
    before, drawn = vae.evaluate(sample_images, return_dict=True), vae.generate(8)
    assert fit_prior(vae, sample_images, kind="full") is vae and isinstance(vae.prior, GaussianPrior)
    after = vae.evaluate(sample_images, return_dict=True)
    assert after["elbo"] > before["elbo"] + 0.1 and after["kl_loss"] < before["kl_loss"]
    assert after["reconstruction_loss"] == pytest.approx(before["reconstruction_loss"], rel=1e-5)
    assert (vae.generate(8) != drawn).any()
    law = vae.encode(sample_images)
    np.testing.assert_allclose(vae.prior.mean, law[0].mean(0), atol=1e-5)


def test_prior_is_saved_with_the_model(vae, sample_images, tmp_path):
    for kind, law in (("mixture", MixturePrior), ("standard", StandardNormal)):
        fit_prior(vae, sample_images, kind=kind, components=2)
        vae.save(tmp_path / "fitted.keras")
        loaded = load_vae(tmp_path / "fitted.keras")
        assert type(loaded.prior) is law
        np.testing.assert_array_equal(loaded.generate(4, seed=1), vae.generate(4, seed=1))


def test_what_cannot_be_used_is_refused(vae, sample_images):
    with pytest.raises(checks.UserError, match="`kind` must be one of 'full', 'shrunk', 'mixture', 'standard'"):
        fit_prior(vae, sample_images, kind="normal")
    with pytest.raises(checks.UserError, match=r"`data` must be finite numbers \[N, D\], N at least 4"):
        fit_prior(vae, sample_images[:3])
