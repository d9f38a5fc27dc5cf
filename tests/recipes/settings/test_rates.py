import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.scoring.distance import FAR
from keras_transfer_gen.recipes.settings import rates
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings


def tuned(**changes):
    return FineTuneSettings(data="photos", source="noto_gan_64", out="run", **changes)


@pytest.mark.parametrize(
    ("distance", "ratio"), [(0.0, rates.NEAR_RATIO), (FAR - 1, rates.NEAR_RATIO), (FAR, rates.FAR_RATIO)]
)
def test_ratio_grows_with_the_distance(distance, ratio):
    settings = rates.resolve_g_lr_ratio(tuned(learning_rate=1e-4), distance)
    assert settings.g_lr_ratio == ratio and settings.learning_rate == 1e-4
    assert settings.generator_rate == pytest.approx(1e-4 * ratio)


@pytest.mark.parametrize("given", [{"g_lr_ratio": 2.5}, {"method": "minegan"}, {"method": "bsa"}])
def test_given_ratio_and_that_of_a_method_stay(given):
    settings = tuned(**given)
    assert rates.resolve_g_lr_ratio(settings, 300.0) == settings


def test_ratio_that_is_no_positive_number_is_refused():
    with pytest.raises(checks.UserError, match="`g_lr_ratio` must be a number above 0.*Such as --g-lr-ratio 4"):
        tuned(g_lr_ratio=0)
