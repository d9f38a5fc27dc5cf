import dataclasses
from pathlib import Path

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings, TrainSettings
from keras_transfer_gen.transfer.freezing.blocks import freeze_d


def fine(**changed):
    return FineTuneSettings(**{"data": "photos", "source": "noto_gan_64", "out": "runs/a", **changed})


def test_defaults_are_those_of_the_contract():
    settings = fine()
    expected = {
        "kimg": 20.0,
        "minutes": None,
        "batch_size": 32,
        "seed": 0,
        "augment": "diffaugment",
        "precision": "auto",
    }
    assert {name: getattr(settings, name) for name in expected} == expected
    assert (settings.devices, settings.reference, settings.compare_scratch, settings.fresh) == (
        "auto",
        None,
        False,
        False,
    )
    pre = PretrainSettings(data="photos", out="runs/a")
    assert (pre.arch, pre.image_size, pre.channels) == ("dcgan", 64, 3)


def test_paths_become_text():
    settings = fine(data=Path("photos"), out=Path("runs/a"), source=Path("a.keras"), reference=Path("others"))
    assert (settings.data, settings.out, settings.source, settings.reference) == (
        "photos",
        "runs/a",
        "a.keras",
        "others",
    )


def test_rules_are_those_of_freeze_and_then_those_of_freeze_d():
    assert fine().rules() == []
    settings = fine(freeze=("generator/block_4/.*=false", ".*/logits=true"), freeze_d=2)
    assert settings.rules() == [("generator/block_4/.*", False), (".*/logits", True), freeze_d(2)]


@pytest.mark.parametrize(("changed", "text"), [
    ({"kimg": 0}, r"`kimg` must be a number above 0.*--kimg 20"),
    ({"kimg": float("nan")}, "`kimg` must be a number above 0"),
    ({"minutes": 0}, r"`minutes` must be a number above 0.*--minutes 5"),
    ({"batch_size": 0}, r"`batch_size` must be an integer of at least 1.*--batch-size"),
    ({"seed": -1}, r"`seed` must be an integer of at least 0.*--seed"),
    ({"evaluate_every_kimg": 0}, r"`evaluate_every_kimg` must be a number above 0.*--evaluate-every"),
    ({"augment": "diffaug"}, r"`augment` must be one of 'diffaugment', 'none'.*Did you mean diffaugment\? .*--augment"),
    ({"objective": "wgan"}, r"`objective` must be one of 'non_saturating', 'hinge', 'minimax'.*--objective"),
    ({"penalty": "r2"}, r"`penalty` must be one of 'r1', 'none'.*--penalty"),
    ({"r1_gamma": -1}, r"`r1_gamma` must be a number of at least 0.*--r1-gamma"),
    ({"r1_interval": 0}, r"`r1_interval` must be an integer of at least 1.*--r1-interval"),
    ({"learning_rate": 0}, r"`learning_rate` must be a number above 0.*--learning-rate"),
    ({"ema_halflife_kimg": -1}, r"`ema_halflife_kimg` must be a number of at least 0.*--ema-halflife-kimg"),
    ({"resize_mode": "stretch"}, r"`resize_mode` must be one of 'crop', 'pad'.*--resize-mode"),
    ({"precision": "float16"}, r"`precision` must be one of 'auto', 'float32', 'bfloat16'.*--precision"),
    ({"freeze_d": -1}, r"`freeze_d` must be an integer of at least 0.*--freeze-d"),
    ({"freeze": ("generator",)}, r"`freeze` must be REGEX=true or REGEX=false.*--freeze"),
    ({"freeze": ("gen(=false",)}, r"`freeze` must be valid regular expressions"),
])  # fmt: skip
def test_fine_tune_settings_refuse(changed, text):
    with pytest.raises(checks.UserError, match=text):
        fine(**changed)


@pytest.mark.parametrize(("changed", "text"), [
    ({"arch": "dcgam"}, r"`arch` must be one of 'dcgan'.*Did you mean dcgan.*--arch"),
    ({"image_size": 48}, r"`image_size` must be one of 28, 32, 64, 128, 256.*--image-size"),
    ({"channels": 4}, r"`channels` must be one of 1, 3.*--channels"),
    ({"width": 0}, "`width` must be an integer of at least 1"),
    ({"minutes": -1}, "`minutes` must be a number above 0"),
])  # fmt: skip
def test_pretrain_settings_refuse(changed, text):
    with pytest.raises(checks.UserError, match=text):
        PretrainSettings(**{"data": "photos", "out": "runs/a", **changed})


def test_settings_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        fine().kimg = 3


def test_compile_in_python_has_the_same_penalty_as_the_command_line():
    from keras_transfer_gen.objectives.penalties import R1

    assert (R1().gamma, R1().every) == (TrainSettings.r1_gamma, TrainSettings.r1_interval)


def tuned(**changed):
    return FineTuneSettings(data="photos", source="gan", out="run", **changed)


@pytest.mark.parametrize(("changed", "text"), [
    ({"method": "ful"}, r"`method` must be one of 'full', 'bsa', 'minegan'.*Did you mean full\?.*--method"),
    ({"warmup_kimg": -1.0}, r"`warmup_kimg` must be a number of at least 0.*--warmup-kimg"),
    ({"image_adapter": True}, r"`image_adapter` must be left out with the method 'full'.*--method minegan"),
    ({"labels": "many"}, r"`labels` must be 'none', 'one-hot', 'integer' or a number of classes"),
])  # fmt: skip
def test_settings_of_sources_of_others_refuse(changed, text):
    with pytest.raises(checks.UserError, match=text):
        tuned(**changed)


@pytest.mark.parametrize(("changed", "expected"), [
    ({"kimg": 20.0}, 0.992), ({"kimg": 2.0}, 0.384), ({"kimg": 20.0, "warmup_kimg": 2.0}, 1.984),
    ({"kimg": 20.0, "warmup_kimg": 9.0}, 4.0), ({"warmup_kimg": 0.0}, 0.0), ({"kimg": 0.1}, 0.0),
])  # fmt: skip
def test_warmup_is_whole_batches_of_32_and_at_most_a_fifth(changed, expected):
    settings = tuned(**changed)
    assert settings.warmup() == pytest.approx(expected) and settings.warmup() <= 0.2 * settings.kimg


def test_method_sets_the_rate_of_the_generator_and_rules_after_those_given():
    assert tuned().generator_rate == tuned().learning_rate
    settings = tuned(method="minegan", freeze=("generator/block_4/.*=true",), freeze_d=1, learning_rate=1e-4)
    assert settings.generator_rate == pytest.approx(5e-4)
    assert dataclasses.replace(settings, g_lr_ratio=2.0).generator_rate == pytest.approx(2e-4)
    first, second, *rest = settings.rules()
    assert first == ("generator/block_4/.*", True) and second == freeze_d(1) and rest[-1] == ("generator/.*", False)


def test_overrides_are_kept_as_they_are_recorded():
    settings = tuned(labels="10", pixel_range="0,1", latent_dim=8)
    assert (settings.labels, settings.pixel_range, settings.overrides().latent_dim) == (10, (0.0, 1.0), 8)
    assert not tuned().overrides()
