import inspect

import pytest

from keras_transfer_gen.recipes.settings.distill import DistillSettings
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings, PretrainVaeSettings
from keras_transfer_gen.recipes.training.family import FAMILIES, Family, family_of

SETTINGS = [
    FineTuneSettings(data="d", source="s", out="o"), PretrainSettings(data="d", out="o"),
    FineTuneVaeSettings(data="d", source="s", out="o"), PretrainVaeSettings(data="d", out="o"),
    DistillSettings(source="s", size_mb=1, out="o"),
]  # fmt: skip


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: type(settings).__name__)
def test_settings_name_their_family(settings):
    family = family_of(settings)
    assert isinstance(family, Family) and family.name == settings.family


@pytest.mark.parametrize("name", FAMILIES)
def test_families_take_what_the_story_gives_them(name):
    class Settings:
        family = name

    family = family_of(Settings)
    for method, function in inspect.getmembers(Family, inspect.isfunction):
        own = inspect.signature(getattr(type(family), method))
        assert list(own.parameters) == list(inspect.signature(function).parameters), method
