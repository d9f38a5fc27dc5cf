import dataclasses
from pathlib import Path

import pytest

from keras_transfer_gen import architectures, checks, tables
from keras_transfer_gen.recipes.settings.gan import PretrainSettings
from keras_transfer_gen.recipes.settings.vae import PretrainVaeSettings
from keras_transfer_gen.transfer.regularizers.l2sp import L2SP

CONTRACT = {
    "minutes": None, "seed": 0, "reference": None, "overwrite": False, "balance": 0.0, "resize_mode": "crop",
    "background": "white", "evaluate_every_kimg": None, "precision": "auto", "devices": "auto", "deterministic": False,
}  # fmt: skip


def test_every_training_has_the_same_defaults_for_what_they_share(make, settings_kind):
    settings = make(settings_kind)
    assert {name: getattr(settings, name) for name in CONTRACT} == CONTRACT


def test_class_names_its_family_and_command(settings_kind):
    name = settings_kind.__name__
    expected = ("vae" if "Vae" in name else "vq" if "Vq" in name else "gan", name[:8].lower())
    assert (settings_kind.family, settings_kind.command) == expected


@pytest.mark.parametrize(("changed", "text"), [
    ({"kimg": 0}, r"`kimg` must be a number above 0.*--kimg \d+"),
    ({"kimg": float("nan")}, "`kimg` must be a number above 0"),
    ({"minutes": 0}, r"`minutes` must be a number above 0.*--minutes 5"),
    ({"batch_size": 0}, r"`batch_size` must be an integer of at least 1.*--batch-size \d+"),
    ({"seed": -1}, r"`seed` must be an integer of at least 0.*--seed 0"),
    ({"evaluate_every_kimg": 0}, r"`evaluate_every_kimg` must be a number above 0.*--evaluate-every [\d.]+"),
    ({"balance": 2}, r"`balance` must be a number of at least 0 and at most 1.*--balance 0.5"),
    ({"resize_mode": "stretch"}, r"`resize_mode` must be one of 'crop', 'pad'.*--resize-mode"),
    ({"precision": "half"}, r"`precision` must be one of 'auto', 'float32', 'bfloat16', 'float16'.*--precision"),
    ({"data": 3}, r"`data` must be a path or text.*--data"),
    ({"learning_rate": 0}, r"`learning_rate` must be a number above 0.*--learning-rate 0.00"),
])  # fmt: skip
def test_settings_refuse_and_name_their_option(make, settings_kind, changed, text):
    with pytest.raises(checks.UserError, match=text):
        dataclasses.replace(make(settings_kind), **changed)


@pytest.mark.parametrize(("changed", "text"), [
    ({"arch": "resnet"}, r"`arch` must be one of '(dcgan|conv_vae)'.*--arch"),
    ({"image_size": 48}, r"`image_size` must be one of 28, 32, 64, 128, 256.*--image-size"),
    ({"channels": 4}, r"`channels` must be one of 1, 3.*--channels"),
    ({"latent_dim": 0}, "`latent_dim` must be an integer of at least 1.*--latent-dim"),
    ({"max_channels": 0}, "`max_channels` must be an integer of at least 1.*--max-channels"),
    ({"min_channels": 0}, "`min_channels` must be an integer of at least 1.*--min-channels"),
])  # fmt: skip
@pytest.mark.parametrize("cls", [PretrainSettings, PretrainVaeSettings])
def test_networks_that_can_not_be_built_are_refused(make, cls, changed, text):
    with pytest.raises(checks.UserError, match=text):
        make(cls, **changed)


@pytest.mark.parametrize("cls", [PretrainSettings, PretrainVaeSettings])
def test_architecture_gives_the_size_of_a_latent_vector_and_its_options(make, cls):
    settings = make(cls, max_channels=64)
    name, entry, options = settings.architecture()
    assert name == settings.arch and entry is tables.architectures(cls.family)[name]
    assert settings.latent_dim == entry.latent_dim and make(cls, latent_dim=5).latent_dim == 5
    assert (options["max_channels"], options["min_channels"]) == (64, 32)


def test_options_of_an_architecture_stand_behind_its_name(make):
    name, _, options = make(PretrainSettings, arch="dcgan:group_size=4,max_channels=16").architecture()
    assert (name, options) == ("dcgan", {"max_channels": 16, "min_channels": 32, "group_size": 4})
    with pytest.raises(checks.UserError, match="`arch` must be dcgan with arguments that it has"):
        make(PretrainSettings, arch="dcgan:groups=4")


def test_architecture_of_a_user_has_sizes_and_options_of_its_own(make, monkeypatch):
    tiny = architectures.Architecture(
        print, options=(architectures.Option("depth", 2, "blocks"),), image_sizes=(16,), latent_dim=3
    )
    rows = {**tables.ARCHITECTURES._rows, "tiny": tables.Row(tiny)}
    monkeypatch.setattr(tables.ARCHITECTURES, "_rows", rows)
    settings = make(PretrainSettings, arch="tiny:depth=5", image_size=16)
    assert settings.architecture() == ("tiny", tiny, {"depth": 5}) and settings.latent_dim == 3
    with pytest.raises(checks.UserError, match="`image_size` must be one of 16.*--image-size"):
        make(PretrainSettings, arch="tiny", image_size=64)
    with pytest.raises(checks.UserError, match="`max_channels` must be left out for the architecture 'tiny'"):
        make(PretrainSettings, arch="tiny", image_size=16, max_channels=8)


def test_regularizers_are_built_from_their_texts(make, settings_kind):
    if settings_kind.family == "vq":  # which has none
        assert make(settings_kind).build_regularizers() == []
        return
    settings = make(settings_kind, regularizers=["l2sp:weight=0.5", "l2sp"])
    assert settings.regularizers == ("l2sp:weight=0.5", "l2sp")
    first, second = settings.build_regularizers()
    assert (type(first), first.weight, second.weight) == (L2SP, 0.5, L2SP().weight)
    assert make(settings_kind).build_regularizers() == []


@pytest.mark.parametrize(("regularizers", "text"), [
    (["l2s"], "`regularizers` must be one of 'l2sp', .*Did you mean l2sp.*--regularizer"),
    (["l2sp:wait=1"], "`regularizers` must be l2sp with arguments that it has.*Did you mean weight"),
    ("l2sp", "`regularizers` must be a list of texts.*--regularizer once for each"),
])  # fmt: skip
def test_regularizers_that_there_are_not_are_refused(make, settings_kind, regularizers, text):
    with pytest.raises(checks.UserError, match=text):
        make(settings_kind, regularizers=regularizers)


def test_paths_become_text(make, settings_kind):
    settings = make(settings_kind, reference=Path("others"))
    paths = {name: Path(name) for name in ("data", "out", "source") if hasattr(settings, name)}
    settings = dataclasses.replace(settings, **paths)
    assert settings.reference == "others" and all(getattr(settings, name) == name for name in paths)


def test_settings_do_not_change(make, settings_kind):
    with pytest.raises(dataclasses.FrozenInstanceError):
        make(settings_kind).kimg = 3
