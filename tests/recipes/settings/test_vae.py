import dataclasses

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.fit_prior import CHOICES
from keras_transfer_gen.recipes.settings.methods import VAE_METHODS
from keras_transfer_gen.recipes.settings.vae import PRIORS, FineTuneVaeSettings, PretrainVaeSettings


@pytest.mark.parametrize("method", VAE_METHODS)
def test_learning_rate_is_the_methods_unless_it_is_given(make, method):
    settings = make(FineTuneVaeSettings, method=method)
    assert settings.adaptation is VAE_METHODS[method] and settings.learning_rate == VAE_METHODS[method].learning_rate
    assert dataclasses.replace(settings, learning_rate=0.5).learning_rate == 0.5


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"method": "decode"}, "`method` must be one of 'decoder'.*Did you mean decoder"),
        ({"prior": "normal"}, "`prior` must be one of 'shrunk', 'full', 'mixture', 'standard'"),
        ({"method": "prior", "prior": "standard"}, "`prior` must be a distribution to fit"),
        ({"posterior_kl_weight": -1}, "`posterior_kl_weight` must be a number of at least 0"),
        (
            {"method": "full", "posterior_kl_weight": 2},
            "`posterior_kl_weight` must be left out with the method 'full'.*--posterior-kl-weight .*--method anchored",
        ),
        ({"l2sp_weight": 0.0}, "`l2sp_weight` must be left out with the method 'decoder'.*Leave --l2sp-weight out"),
        ({"l2sp_weight": -1}, "`l2sp_weight` must be a number of at least 0"),
        ({"channels": 2}, "`channels` must be one of 1, 3"),
    ],
)
def test_fine_tune_settings_refuse(make, changed, text):
    with pytest.raises(checks.UserError, match=text):
        make(FineTuneVaeSettings, **changed)


def test_weights_of_the_method_anchored_are_taken_with_it(make):
    settings = make(FineTuneVaeSettings, method="anchored", posterior_kl_weight=2, l2sp_weight=0)
    assert (settings.posterior_kl_weight, settings.l2sp_weight) == (2, 0)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("likelihood", "gauss", "--likelihood"),
        ("likelihood", "perceptual", "ktg.Perceptual"),
        ("beta", -1, "--beta"),
        ("free_bits", -1, "--free-bits"),
        ("kl_annealing_kimg", -1, "--kl-annealing-kimg 5; 0 is none"),
        ("prior", "flow", "--prior"),
    ],
)
def test_pretrain_settings_refuse(make, name, value, hint):
    with pytest.raises(checks.UserError, match=f"`{name}` must be .*{hint}"):
        make(PretrainVaeSettings, **{name: value})


def test_pretrain_defaults_are_those_of_the_shipped_vaes(make):
    settings = make(PretrainVaeSettings)
    assert (settings.latent_dim, settings.beta, settings.kimg, settings.learning_rate) == (64, 1.0, 60.0, 1e-3)


def test_priors_are_those_that_can_be_fitted():
    assert set(PRIORS) == set(CHOICES)
