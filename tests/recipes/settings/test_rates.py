import pytest

from keras_transfer_gen.recipes.settings import defaults
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.settings.rates import resolve_g_lr_ratio


@pytest.mark.parametrize(
    ("distance", "ratio"),
    [(0.0, defaults.NEAR_RATIO), (defaults.FAR - 1, defaults.NEAR_RATIO), (defaults.FAR, defaults.FAR_RATIO)],
)
def test_ratio_grows_with_the_distance(make, distance, ratio):
    settings = resolve_g_lr_ratio(make(FineTuneSettings, learning_rate=1e-4), distance)
    assert settings.g_lr_ratio == ratio and settings.learning_rate == 1e-4
    assert settings.generator_rate == pytest.approx(1e-4 * ratio)


@pytest.mark.parametrize("changed", [{"g_lr_ratio": 2.5}, {"method": "minegan"}, {"method": "bsa"}])
def test_ratio_of_the_user_and_of_a_method_stay(make, changed):
    settings = make(FineTuneSettings, **changed)
    assert resolve_g_lr_ratio(settings, 300.0) == settings
