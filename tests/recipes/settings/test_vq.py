import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.settings.methods import VQ_METHODS
from keras_transfer_gen.recipes.settings.vq import DOWNSAMPLING, FineTuneVqSettings, PretrainVqSettings


@pytest.mark.parametrize("method", VQ_METHODS)
def test_each_method_trains_something(method):
    settings = FineTuneVqSettings(data="photos", source="s", out="run", method=method)
    assert settings.adaptation.decoder or settings.adaptation.prior_rules is not None
    assert settings.family == "vq" and settings.command == "finetune"


def test_values_that_can_not_be_used_are_refused():
    for name, value in (
        ("downsampling", 3),
        ("codes", 1),
        ("temperature", 0.0),
        ("guidance", -1.0),
        ("autoencoder_share", 1.5),
        ("labels", "classes"),
        ("micro_batch", 8),
    ):
        with pytest.raises(checks.UserError, match=name):
            PretrainVqSettings(data="photos", out="run", **{name: value})
    with pytest.raises(checks.UserError, match="method"):
        FineTuneVqSettings(data="photos", source="s", out="run", method="anchored")


def test_the_downsamplings_are_those_of_the_networks():
    from keras_transfer_gen.networks.tokens import autoencoder

    assert DOWNSAMPLING == autoencoder.DOWNSAMPLING
    assert PretrainVqSettings(data="photos", out="run", labels="folders").data_labels == "folders"
