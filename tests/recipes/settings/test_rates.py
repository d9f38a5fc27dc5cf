import pytest

from keras_transfer_gen.recipes.settings import defaults
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.settings.rates import resolve_ema_rampup, resolve_g_lr_ratio


@pytest.mark.parametrize(
    ("distance", "ratio"),
    [(0.0, defaults.NEAR_RATIO), (defaults.FAR - 1, defaults.NEAR_RATIO), (defaults.FAR, defaults.FAR_RATIO)],
)
def test_ratio_grows_with_the_distance(make, distance, ratio):
    assert resolve_g_lr_ratio(make(FineTuneSettings, learning_rate=1e-4), distance) == ratio
    resolved = make(FineTuneSettings, learning_rate=1e-4, g_lr_ratio=ratio)
    assert resolved.generator_rate == pytest.approx(1e-4 * ratio)


@pytest.mark.parametrize(
    ("changed", "ratio"), [({"g_lr_ratio": 2.5}, 2.5), ({"method": "minegan"}, None), ({"method": "bsa"}, None)]
)
def test_ratio_of_the_user_and_of_a_method_stay(make, changed, ratio):
    assert resolve_g_lr_ratio(make(FineTuneSettings, **changed), 300.0) == ratio


def test_a_source_of_blended_images_learns_half_as_fast_as_its_discriminator_and_twice_if_far_unless_said(make):
    assert resolve_g_lr_ratio(make(FineTuneSettings), 10.0, blended=True) == defaults.BLENDED_RATIO == 0.5
    assert resolve_g_lr_ratio(make(FineTuneSettings), defaults.FAR, blended=True) == defaults.FAR_BLENDED_RATIO == 2.0
    assert resolve_g_lr_ratio(make(FineTuneSettings, g_lr_ratio=2.5), 10.0, blended=True) == 2.5


def test_chosen_images_are_averaged_over_the_whole_run_unless_far_or_the_user_says(make):
    assert resolve_ema_rampup(make(FineTuneSettings), 10.0) == defaults.EMA_RAMPUP == 0.1
    assert resolve_ema_rampup(make(FineTuneSettings), 10.0, chosen=True) == defaults.BLENDED_EMA_RAMPUP == 1.0
    assert resolve_ema_rampup(make(FineTuneSettings), defaults.FAR, chosen=True) == 0.1
    assert resolve_ema_rampup(make(FineTuneSettings, ema_rampup=0.2), 10.0, chosen=True) == 0.2
    assert resolve_ema_rampup(make(FineTuneSettings, latent_selection_kimg=0), 10.0, chosen=True) == 0.1  # all trained
