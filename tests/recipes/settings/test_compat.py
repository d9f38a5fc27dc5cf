import pytest

from keras_transfer_gen.recipes.settings.compat import CLASSES, from_recorded
from keras_transfer_gen.recipes.settings.fields import settings_of

RENAMED = {
    "rate_ratio": "g_lr_ratio", "r1_every": "r1_interval", "width": "max_channels", "least_width": "min_channels",
    "image_fit": "resize_mode", "feature_influence": "feature_weight", "distribution": "latent_distribution",
    "fresh": "overwrite", "anchor": "posterior_kl_weight", "l2sp": "l2sp_weight", "mine_kimg": "latent_selection_kimg",
    "kl_warmup_kimg": "kl_annealing_kimg", "output_network": "image_adapter",
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_every_name_of_version_0_1_is_known(old, new):
    assert from_recorded({"kimg": 1.0, old: "a value", "seed": 0}) == {"kimg": 1.0, new: "a value", "seed": 0}


@pytest.mark.parametrize(("old", "new"), [("miner", "minegan"), ("scale-shift", "bsa"), ("prior", "prior")])
def test_old_methods_are_known(old, new):
    assert from_recorded({"method": old}) == {"method": new}


def test_settings_of_today_and_other_keys_stay(make, settings_kind):
    recorded = {**vars(make(settings_kind)), "from_kimg": 0.0, "pictures": 12}
    assert from_recorded(recorded) == recorded and list(from_recorded(recorded)) == list(recorded)


def test_old_names_of_all_classes_are_tested_here():
    every = [described for cls in CLASSES for described in settings_of(cls).values()]
    assert {old for described in every for old in described.definition.old_names} == set(RENAMED)
