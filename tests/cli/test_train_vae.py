"""`ktg finetune` and `ktg pretrain` of a VAE, from the first command to the exported files."""

import json

import numpy as np
import pytest

from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.training import finalize
from keras_transfer_gen.recipes.training.vae import family

pytestmark = pytest.mark.usefixtures("quick_scores")

SMALL = ("--image-size", 28, "--channels", 1, "--max-channels", 16, "--min-channels", 8, "--latent-dim", 4)


@pytest.fixture
def many(tmp_path, sample_images):
    """A file of 24 images unlike those that the VAE was trained on."""
    np.savez(tmp_path / "many.npz", images=255 - np.concatenate([sample_images, sample_images[:, ::-1]]))
    return tmp_path / "many.npz"


@pytest.fixture
def digits(tmp_path):
    """A file of 24 grey images of 28 px."""
    images = np.random.default_rng(0).integers(0, 256, (24, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "digits.npz", images=images)
    return tmp_path / "digits.npz"


@pytest.fixture
def finetune(vae_file, many, tmp_path):
    """Function: more arguments -> those of a fine-tune of the VAE."""
    return lambda *more: ("finetune", "--source", vae_file, "--data", many, "--out", tmp_path / "run", *more)


@pytest.fixture
def pretrain(digits, tmp_path):
    """Function: more arguments -> those of a pretraining."""
    return lambda *more: ("pretrain", "--model", "vae", "--data", digits, "--out", tmp_path / "run", *SMALL, *more)


def test_vae_source_is_adapted_with_its_own_defaults(ktg, ktg_json, finetune, many, tmp_path, monkeypatch):
    def export(vae, path, **options):  # tested elsewhere, and slow
        path.mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(finalize, "export_saved_model", export)
    monkeypatch.setattr(family, "export_parts", export)
    more = ("--method", "prior", "--prior", "full", "--reference", many)
    metrics = ktg_json(*finetune(*more))
    assert metrics["elbo_after"]["n_images"] == 24 and metrics["prior"] == "full"
    settings = RunFolder(tmp_path / "run").config()["settings"]
    assert settings["kimg"] == 2.0 and settings["method"] == "prior"  # not those of a GAN
    table = ktg(*finetune(*more))
    assert table.exit_code == 0 and "nothing to do" in table.stderr
    assert "source, before adapting" in table.stdout and "after training" in table.stdout


def test_dry_run_plans_and_writes_nothing(ktg_json, finetune, pretrain, tmp_path):
    planned = ktg_json(*finetune("--dry-run", "--kimg", 0.5))
    assert planned["images"] == 24 and planned["kimg"] == 0.5 and planned["method"].startswith("decoder")
    planned = ktg_json(*pretrain("--dry-run"))
    assert planned["images"] == 24 and planned["kimg"] == 60.0
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("options", "text"), [
    (("--r1-gamma", 1), "`r1_gamma` must be left out for a VAE"),
    (("--freeze-d", 1), "`freeze_d` must be left out for a VAE"),
    (("--method", "minegan"), "`method` must be one of 'decoder', 'bsa', 'prior', 'anchored', 'full'"),
    (("--method", "prior", "--prior", "standard"), "`prior` must be a distribution to fit"),
])  # fmt: skip
def test_options_that_do_not_fit_a_vae_are_refused(refused, finetune, tmp_path, options, text):
    assert text in refused(*finetune(*options)) and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "options", [("--prior", "full"), ("--channels", 1), ("--posterior-kl-weight", 2), ("--l2sp-weight", 1)]
)
def test_options_of_a_vae_are_refused_for_a_gan(refused, source_file, many, tmp_path, options):
    name = options[0].removeprefix("--").replace("-", "_")
    line = refused("finetune", "--source", source_file, "--data", many, "--out", tmp_path / "run", *options)
    assert line.startswith(f"`{name}` must be left out for a GAN") and options[0] in line


def test_pretrain_refuses_the_options_of_the_other_family(refused, pretrain, digits, tmp_path):
    assert "`r1_gamma` must be left out for a VAE" in refused(*pretrain("--r1-gamma", 1))
    gan = ("pretrain", "--data", digits, "--out", tmp_path / "run")
    assert "`beta` must be left out for a GAN" in refused(*gan, "--beta", 2)
    assert "Did you mean vae" in refused(*gan, "--model", "vea")


def test_vae_is_trained_evaluated_exported_and_described(ktg, ktg_json, pretrain, digits, tmp_path):
    run = tmp_path / "run"
    more = ("--kimg", 0.008, "--batch-size", 4, "--precision", "float32", "--free-bits", 0.2)
    metrics = ktg_json(*pretrain(*more))
    assert metrics["elbo_after"]["n_images"] == 4 and metrics["kimg"] == 0.008
    settings = RunFolder(run).config()["settings"]
    assert settings["free_bits"] == 0.2 and settings["learning_rate"] == 1e-3  # a VAE's own default
    table = ktg(*pretrain(*more))
    assert table.exit_code == 0 and "nothing to do" in table.stderr and "after" in table.stdout

    facts = ktg_json("info", run)
    assert facts["kind"] == facts["family"].upper() == "VAE" and facts["likelihood"] == "GaussianOptimalSigma"
    assert set(facts["parameters"]) == {"encoder", "decoder"}
    assert ktg("generate", run, "--num", 3, "--out", tmp_path / "images").exit_code == 0
    assert len(list((tmp_path / "images").glob("*.png"))) == 3
    evaluate = ("evaluate", run, "--data", digits, "--num", 12)
    assert ktg_json(*evaluate)["elbo"]["n_images"] == 24 and "bits per dimension" in ktg(*evaluate).stdout
    for part in ("encoder", "decoder"):
        file = tmp_path / f"{part}.tflite"
        exported = ktg("export", run, "--format", "tflite", "--part", part, "--out", file)
        assert exported.exit_code == 0 and file.is_file(), exported.stderr


def test_part_goes_with_tflite_alone(refused, vae_file, tmp_path):
    options = ("--format", "saved_model", "--out", tmp_path / "1", "--part", "encoder")
    assert "`part` must be left out with --format saved_model" in refused("export", vae_file, *options)


def test_error_of_a_vae_is_json_as_well(ktg, finetune):
    result = ktg(*finetune("--json", "--freeze-d", 1))
    assert result.exit_code == 2 and result.stderr == f"error: {json.loads(result.stdout)['error']}\n"
