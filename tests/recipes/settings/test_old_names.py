import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.settings import old_names
from keras_transfer_gen.recipes.settings.fields import settings_of
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings

SETTINGS = settings_of(FineTuneSettings)


def test_old_names_and_values_become_those_of_today():
    arguments = {"rate_ratio": 2.0, "method": "scale-shift", "kimg": 3.0}
    current, renamed = old_names.with_new_names(SETTINGS, arguments)
    assert current == {"g_lr_ratio": 2.0, "method": "bsa", "kimg": 3.0}
    assert renamed == [("rate_ratio", "g_lr_ratio"), ("method='scale-shift'", "method='bsa'")]
    assert arguments == {"rate_ratio": 2.0, "method": "scale-shift", "kimg": 3.0}


def test_both_names_are_refused():
    with pytest.raises(checks.UserError, match="`fresh` must be left out beside `overwrite`"):
        old_names.with_new_names(SETTINGS, {"fresh": True, "overwrite": False})


def test_tables_hold_every_old_name_once():
    names, values = old_names.renamed_tables(SETTINGS)
    assert names["distribution"] == "latent_distribution" and not set(names) & set(SETTINGS)
    assert values == {("method", "miner"): "minegan", ("method", "scale-shift"): "bsa"}
