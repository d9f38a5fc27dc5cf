import dataclasses
import shutil

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.cli.families import make_settings, possible_settings, source_family
from keras_transfer_gen.cli.setting_options import Arguments
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings, PretrainVaeSettings
from tests.saved_model_fixtures import saved

FINETUNE, PRETRAIN = (FineTuneSettings, FineTuneVaeSettings), (PretrainSettings, PretrainVaeSettings)


@pytest.fixture
def arguments(tmp_path):
    """Function: changed settings -> `Arguments` of `ktg finetune`."""
    return lambda **changed: Arguments({"data": "photos", "source": "b", "out": str(tmp_path / "run"), **changed})


def test_family_is_that_of_the_source_and_third_party_models_are_gans(arguments, source_file, vae_file):
    assert source_family(arguments(source=source_file)) == "gan"
    assert source_family(arguments(source=vae_file)) == "vae"
    assert source_family(arguments(source=saved("renderers")[0] / "plain")) == "gan"
    with pytest.raises(checks.UserFileError, match="`source` must be"):
        source_family(arguments(source="nowhere"))


def test_family_of_an_archive_or_an_address_is_unknown_before_it_is_fetched(arguments, tmp_path):
    (tmp_path / "vae.tar.gz").touch()
    assert source_family(arguments(source=tmp_path / "vae.tar.gz")) is None
    assert source_family(arguments(source="https://tfhub.dev/a/b/1", trust=True)) is None


def test_what_no_family_can_use_is_refused_before_the_family_is_known(arguments, capsys):
    assert possible_settings(FINETUNE, "vae", arguments()).family == "vae"
    assert possible_settings(FINETUNE, None, arguments(method="miner")).family == "gan"
    assert possible_settings(FINETUNE, None, arguments(channels=1)).family == "vae"
    assert capsys.readouterr().err == ""  # the settings that are used in the end warn
    with pytest.raises(checks.UserError, match="`kimg` must be a number above 0"):
        possible_settings(FINETUNE, None, arguments(kimg=0))


@pytest.fixture
def begun(arguments):
    """A RUN folder of a fine-tune that was begun from a source that is gone."""
    settings = make_settings(FINETUNE, "gan", arguments(source="gone"))
    run = RunFolder(settings.out)
    run.clear()
    run.record("finetune", settings, {}, finished=False)
    run.checkpoints.mkdir()
    return run


def test_run_that_goes_on_needs_no_source(arguments, begun, vae_file):
    begun.source.mkdir()
    (begun.source / "saved_model.pb").touch()
    begun.note(source_kept=True)
    assert source_family(arguments(source="gone")) == "gan"
    shutil.rmtree(begun.source)
    shutil.copy(vae_file, begun.source_vae_file)
    assert source_family(arguments(source="gone")) == "vae"
    with pytest.raises(checks.UserFileError, match="`source` must be"):
        source_family(arguments(source="gone", overwrite=True))


@pytest.mark.parametrize("family", ["gan", "vae"])
def test_settings_are_of_the_family_with_its_defaults(arguments, family):
    settings = make_settings(FINETUNE, family, arguments(seed=3))
    assert settings.family == family and settings == dataclasses.replace(settings, seed=3)
    assert settings.kimg == {"gan": 20.0, "vae": 2.0}[family]


@pytest.mark.parametrize(("classes", "family", "changed", "text"), [
    (FINETUNE, "vae", {"r1_gamma": 1.0}, "`r1_gamma` must be left out for a VAE.*Only a GAN.*Leave --r1-gamma out."),
    (FINETUNE, "gan", {"l2sp_weight": 1.0}, "`l2sp_weight` must be left out for a GAN.*Only a VAE.*--l2sp-weight"),
    (FINETUNE, "gan", {"channels": 1}, "`channels` must be left out for a GAN.*--channels"),
    (PRETRAIN, "gan", {"beta": 2.0}, "`beta` must be left out for a GAN.*Only a VAE.*--beta"),
    (PRETRAIN, "vae", {"ema_halflife_kimg": 2.0}, "`ema_halflife_kimg` must be left out for a VAE.*--ema-half"),
])  # fmt: skip
def test_setting_of_the_other_family_is_refused(arguments, classes, family, changed, text):
    known = {name: value for name, value in arguments().items() if name != "source" or classes is FINETUNE}
    with pytest.raises(checks.UserError, match=text):
        make_settings(classes, family, Arguments({**known, **changed}))


@pytest.mark.parametrize(("family", "method"), [("gan", "decoder"), ("vae", "minegan")])
def test_method_of_the_other_family_is_refused(arguments, family, method):
    with pytest.raises(checks.UserError, match="`method` must be one of"):
        make_settings(FINETUNE, family, arguments(method=method))


@pytest.mark.parametrize(("old", "new"), [("miner", "minegan"), ("scale-shift", "bsa")])
def test_old_method_is_taken_with_a_line_of_warning(arguments, capsys, old, new):
    assert make_settings(FINETUNE, "gan", arguments(method=old)).method == new
    line = f"warning: method='{old}' is now called method='{new}'. The old name will be removed in the next release.\n"
    assert capsys.readouterr().err == line
