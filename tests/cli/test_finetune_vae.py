import json

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.cli.finetune_vae import is_vae
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.vae import finalize_vae

pytestmark = pytest.mark.usefixtures("quick_scores")


@pytest.fixture
def many(tmp_path, sample_images):
    np.savez(tmp_path / "many.npz", images=255 - np.concatenate([sample_images, sample_images[:, ::-1]]))
    return tmp_path / "many.npz"


def command(source, data, out, *more):
    return ("finetune", "--source", source, "--data", data, "--out", out, *more)


def test_vae_source_is_adapted_with_its_own_defaults(ktg, vae_file, many, tmp_path, monkeypatch):
    for name in ("export_saved_model", "export_vae_parts"):  # tested elsewhere, and slow
        monkeypatch.setattr(finalize_vae, name, lambda vae, path, **options: path.mkdir(parents=True, exist_ok=True))
    run = tmp_path / "run"
    more = ("--method", "prior", "--prior", "full", "--reference", many)
    result = ktg(*command(vae_file, many, run, *more, "--json"))
    assert result.exit_code == 0, result.stderr
    metrics = json.loads(result.stdout)
    assert metrics["elbo_after"]["n_images"] == 24 and metrics["prior"] == "full"
    settings = RunFolder(run).config()["settings"]
    assert settings["kimg"] == 2.0 and settings["method"] == "prior"  # not those of a GAN
    table = ktg(*command(vae_file, many, run, *more))
    assert table.exit_code == 0 and "nothing to do" in table.stderr
    assert "source, before adapting" in table.stdout and "after training" in table.stdout
    assert "Adapting raised the bound by" in table.stdout


def test_dry_run_plans_and_writes_nothing(ktg, vae_file, many, tmp_path):
    result = ktg(*command(vae_file, many, tmp_path / "run", "--dry-run", "--json", "--kimg", "0.5"))
    planned = json.loads(result.stdout)
    assert planned["images"] == 24 and planned["kimg"] == 0.5 and planned["method"].startswith("decoder")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--r1-gamma", "1"), "`r1_gamma` must be left out with a VAE"),
        (("--freeze-d", "1"), "`freeze_d` must be left out with a VAE"),
        (("--method", "minegan"), "`method` must be one of 'decoder', 'bsa', 'prior', 'anchored', 'full'"),
        (("--method", "prior", "--prior", "standard"), "`prior` must be a distribution to fit"),
    ],
)
def test_options_that_do_not_fit_a_vae_are_refused(ktg, vae_file, many, tmp_path, options, text):
    result = ktg(*command(vae_file, many, tmp_path / "run", *options))
    assert result.exit_code == 2 and text in result.stderr and not (tmp_path / "run").exists()


def test_options_of_a_vae_are_refused_for_a_gan(ktg, source_file, many, tmp_path):
    for options in (("--prior", "full"), ("--channels", "1"), ("--anchor", "2"), ("--l2sp", "1")):
        result = ktg(*command(source_file, many, tmp_path / "run", *options))
        assert result.exit_code == 2 and f"`{options[0][2:]}` must be left out without a VAE" in result.stderr


def test_run_of_a_gan_that_keeps_its_source_goes_on_when_the_source_is_gone(tmp_path):
    run = RunFolder(tmp_path / "run")
    settings = FineTuneSettings(data="photos", source=tmp_path / "gone", out=run.path)
    run.clear()
    run.record("finetune", settings, {}, finished=False)
    run.source.mkdir()
    (run.source / "saved_model.pb").touch()
    run.note(source_kept=True)
    assert is_vae(settings.source, "full", settings.out, fresh=False, trust=False) is False
    with pytest.raises(checks.UserFileError, match="`source` must be"):
        is_vae(settings.source, "full", settings.out, fresh=True, trust=False)
