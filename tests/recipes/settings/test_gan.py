import dataclasses

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, GanSettings, PretrainSettings
from keras_transfer_gen.transfer.freezing.blocks import freeze_d


@pytest.fixture
def tuned(make):
    """Function: changed settings -> `FineTuneSettings`."""
    return lambda **changed: make(FineTuneSettings, **changed)


def test_defaults_are_those_of_the_contract(make, tuned):
    settings = tuned()
    assert (settings.kimg, settings.batch_size, settings.augment, settings.method) == (20.0, 32, "diffaugment", "full")
    pretrained = make(PretrainSettings)
    assert (pretrained.arch, pretrained.image_size, pretrained.channels) == ("dcgan", 64, 3)


def test_rules_are_those_of_freeze_and_then_those_of_freeze_d(tuned):
    assert tuned().rules() == []
    settings = tuned(freeze=["generator/block_4/.*=false", ".*/logits=true"], freeze_d=2)
    assert settings.rules() == [("generator/block_4/.*", False), (".*/logits", True), freeze_d(2)]


@pytest.mark.parametrize(("changed", "text"), [
    (
        {"augment": "diffaug"},
        r"`augment` must be one of 'diffaugment', 'ada', 'shift_flip', 'none'.*Did you mean diffaugment\? .*--augment",
    ),
    ({"objective": "wgan"}, r"`objective` must be one of 'non_saturating', 'hinge', 'minimax', .*--objective"),
    ({"penalty": "r2"}, r"`penalty` must be one of 'r1', 'r1_r2', 'path_length', 'none'.*--penalty"),
    ({"r1_gamma": -1}, r"`r1_gamma` must be a number of at least 0.*--r1-gamma"),
    ({"r1_interval": 0}, r"`r1_interval` must be an integer of at least 1.*--r1-interval"),
    ({"g_lr_ratio": 0}, r"`g_lr_ratio` must be a number above 0.*--g-lr-ratio 4"),
    ({"ema_rampup": 0}, r"`ema_rampup` must be a number above 0.*--ema-rampup 0.1"),
    ({"ema_halflife_kimg": -1}, r"`ema_halflife_kimg` must be a number of at least 0.*--ema-halflife-kimg 10; 0 turns"),
    ({"penalty": "r1:gamma=3", "r1_gamma": 4.0}, r"`r1_gamma` must be left out beside the penalty 'r1:gamma=3'"),
    ({"penalty": "r1:gama=3"}, r"`penalty` must be r1 with arguments that it has.*Did you mean gamma"),
    ({"freeze_d": -1}, r"`freeze_d` must be an integer of at least 0.*--freeze-d"),
    ({"freeze": ("generator",)}, r"`freeze` must be REGEX=true or REGEX=false.*--freeze"),
    ({"freeze": ("gen(=false",)}, r"`freeze` must be valid regular expressions"),
    ({"freeze": "generator/.*=false"}, r"`freeze` must be a list of texts.*--freeze once for each"),
    ({"feature_weight": -1}, r"`feature_weight` must be a number of at least 0.*--feature-weight 0.05; 0 leaves"),
    ({"latent_selection_kimg": -1}, r"`latent_selection_kimg` must be a number of at least 0.*--latent-selection-kimg"),
    ({"select": "first"}, r"`select` must be one of 'best', 'last'.*--select"),
    ({"method": "ful"}, r"`method` must be one of 'full', 'bsa', 'minegan'.*Did you mean full\?.*--method"),
    ({"warmup_kimg": -1.0}, r"`warmup_kimg` must be a number of at least 0.*--warmup-kimg"),
    ({"image_adapter": True}, r"`image_adapter` must be left out with the method 'full'.*--method minegan"),
    ({"labels": "many"}, r'`labels` must be "folders", "own"'),
])  # fmt: skip
def test_fine_tune_settings_refuse(tuned, changed, text):
    with pytest.raises(checks.UserError, match=text):
        tuned(**changed)


def test_compile_in_python_has_the_same_penalty_as_the_command_line():
    assert (R1().gamma, R1().every) == (GanSettings.r1_gamma, GanSettings.r1_interval)


@pytest.mark.parametrize(("changed", "expected"), [
    ({"kimg": 20.0}, 0.992), ({"kimg": 2.0}, 0.384), ({"kimg": 20.0, "warmup_kimg": 2.0}, 1.984),
    ({"kimg": 20.0, "warmup_kimg": 9.0}, 4.0), ({"warmup_kimg": 0.0}, 0.0), ({"kimg": 0.1}, 0.0),
])  # fmt: skip
def test_warmup_is_whole_batches_of_32_and_at_most_a_fifth(tuned, changed, expected):
    settings = tuned(**changed)
    assert settings.warmup() == pytest.approx(expected) and settings.warmup() <= 0.2 * settings.kimg


def test_method_sets_the_rate_of_the_generator_and_rules_after_those_given(make, tuned):
    assert tuned().generator_rate == tuned().learning_rate
    settings = tuned(method="minegan", freeze=("generator/block_4/.*=true",), freeze_d=1, learning_rate=1e-4)
    assert settings.generator_rate == pytest.approx(5e-4)
    assert dataclasses.replace(settings, g_lr_ratio=2.0).generator_rate == pytest.approx(2e-4)
    assert make(PretrainSettings, learning_rate=1e-4, g_lr_ratio=3.0).generator_rate == pytest.approx(3e-4)
    user, blocks, *of_method = settings.rules()
    assert user == ("generator/block_4/.*", True) and blocks == freeze_d(1) and of_method[-1] == ("generator/.*", False)


def test_overrides_are_kept_as_they_are_recorded(tuned):
    settings = tuned(labels="10", pixel_range="0,1", latent_dim=8)
    assert (settings.labels, settings.pixel_range, settings.overrides().latent_dim) == (10, (0.0, 1.0), 8)
    assert not tuned().overrides() and tuned(latent_distribution="uniform").overrides()
