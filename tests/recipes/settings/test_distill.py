import pytest

from keras_transfer_gen.checks import UserError
from keras_transfer_gen.recipes.settings.distill import OPTIONS, DistillSettings
from keras_transfer_gen.recipes.settings.fields import settings_of


def make(**changed):
    return DistillSettings(**{"source": "runs/a", "size_mb": 1, "out": "runs/b", **changed})


def test_a_teacher_and_a_size_are_enough():
    settings = make()
    assert (settings.command, settings.family, settings.data) == ("distill", "student", "images of the teacher")
    assert settings.generator_rate == settings.learning_rate and set(OPTIONS) < set(settings_of(DistillSettings))


def test_the_likeness_to_the_teacher_is_the_first_regularizer():
    first, second = make(pixel_weight=3, feature_weight=0, regularizers=("l2sp:weight=0.5",)).build_regularizers()
    assert (first.pixel_weight, first.feature_weight, second.weight) == (3, 0, 0.5)


@pytest.mark.parametrize(
    "changed", [{"size_mb": 0}, {"size_mb": -1}, {"images": 1}, {"pixel_weight": -1}, {"feature_weight": float("nan")}]
)
def test_values_out_of_range_are_refused_by_their_option(changed):
    (name,) = changed
    with pytest.raises(UserError, match=f"`{name}` must be.*--{name.replace('_', '-')}"):
        make(**changed)
