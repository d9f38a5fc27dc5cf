import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.settings.configurations import CONFIGURATIONS
from keras_transfer_gen.recipes.settings.gan import PretrainSettings


def settings(**changed):
    return PretrainSettings(**{"data": "photos", "out": "run", "arch": "stylegan2", **changed})


@pytest.mark.parametrize(("name", "size", "batch", "gamma", "rate", "ema"), [
    # gamma of auto: 0.0002 * side^2 / batch; batch: 4096 / side, at most 32.
    ("auto", 64, 32, 0.0256, 0.0025, 10.0), ("auto", 256, 16, 0.8192, 0.0025, 5.0),
    ("auto", 1024, 4, 52.4288, 0.002, 1.25), ("stylegan2", 256, 32, 10.0, 0.002, 10.0),
    ("paper256", 256, 64, 1.0, 0.0025, 20.0), ("paper512", 512, 64, 0.5, 0.0025, 20.0),
    ("paper1024", 1024, 32, 2.0, 0.002, 10.0), ("cifar", 32, 64, 0.01, 0.0025, 500.0),
])  # fmt: skip
def test_configurations_have_the_published_numbers(name, size, batch, gamma, rate, ema):
    chosen = settings(config=name, image_size=size)
    assert (chosen.batch_size, chosen.learning_rate, chosen.ema_halflife_kimg) == (batch, rate, ema)
    assert chosen.r1_gamma == pytest.approx(gamma) and chosen.augment == "ada:kimg=500"
    assert chosen.path_length_weight == (0.0 if name == "cifar" else 2.0) and chosen.r1_interval == 16
    _, _, options = chosen.architecture()
    assert options["mapping_layers"] == (2 if name in ("auto", "cifar") else 8)
    assert options["channel_base"] == (32768 if size >= 512 or name in ("stylegan2", "cifar") else 16384)
    groups = {"paper256": 8, "paper512": 8, "cifar": 32}
    assert options["group_size"] == groups.get(name, 4) and options["mixing"] == (0.0 if name == "cifar" else 0.9)


def test_what_the_user_sets_goes_first():
    chosen = settings(arch="stylegan2:channel_base=64,mapping_layers=3", batch_size=8, r1_gamma=5.0, image_size=16)
    assert (chosen.batch_size, chosen.r1_gamma, chosen.config) == (8, 5.0, "auto")
    _, _, options = chosen.architecture()
    assert (options["channel_base"], options["mapping_layers"], options["group_size"]) == (64, 3, 4)
    assert chosen.ema_halflife_kimg == 2.5  # of the batch size that was chosen


def test_settings_made_again_are_the_same():
    """As a RUN folder does with its config.json."""
    import dataclasses

    first = settings(config="paper256", learning_rate=0.001)
    assert dataclasses.replace(first) == first


def test_other_architectures_have_none():
    plain = PretrainSettings(data="photos", out="run")
    assert (plain.config, plain.batch_size, plain.augment, plain.path_length_weight) == (None, 32, "diffaugment", 0.0)
    with pytest.raises(checks.UserError, match="`config` must be left out for the architecture 'dcgan'.*--config"):
        PretrainSettings(data="photos", out="run", config="auto")
    with pytest.raises(checks.UserError, match="`config` must be one of 'auto', 'stylegan2', 'paper256'"):
        settings(config="paper")
    assert set(CONFIGURATIONS) == {"auto", "stylegan2", "paper256", "paper512", "paper1024", "cifar"}
