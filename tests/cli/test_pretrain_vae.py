import json

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs.run_folder import RunFolder

pytestmark = pytest.mark.usefixtures("quick_scores")


@pytest.fixture
def digits(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (24, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "digits.npz", images=images)
    return str(tmp_path / "digits.npz")


def command(digits, out, *more):
    sizes = (
        "--image-size",
        "28",
        "--channels",
        "1",
        "--max-channels",
        "16",
        "--min-channels",
        "8",
        "--latent-dim",
        "4",
    )
    return ("pretrain", "--model", "vae", "--data", digits, "--out", str(out), *sizes, *more)


def test_vae_is_trained_evaluated_exported_and_described(ktg, digits, tmp_path):
    more = ("--kimg", "0.008", "--batch-size", "4", "--precision", "float32", "--free-bits", "0.2", "--json")
    result = ktg(*command(digits, tmp_path / "run", *more))
    assert result.exit_code == 0, result.stderr
    metrics = json.loads(result.stdout)
    assert metrics["elbo_after"]["n_images"] == 4 and metrics["kimg"] == 0.008
    settings = RunFolder(tmp_path / "run").config()["settings"]
    assert settings["free_bits"] == 0.2 and settings["learning_rate"] == 1e-3  # a VAE's own default
    table = ktg(*command(digits, tmp_path / "run", *more[:-1]))
    assert table.exit_code == 0 and "nothing to do" in table.stderr and "after" in table.stdout

    told = json.loads(ktg("info", str(tmp_path / "run"), "--json").stdout)
    assert told["kind"] == told["family"].upper() == "VAE" and told["likelihood"] == "GaussianOptimalSigma"
    assert set(told["parameters"]) == {"encoder", "decoder"}
    made = ktg("generate", str(tmp_path / "run"), "--num", "3", "--out", str(tmp_path / "made"))
    assert made.exit_code == 0 and len(list((tmp_path / "made").glob("*.png"))) == 3
    found = ktg("evaluate", str(tmp_path / "run"), "--data", digits, "--num", "12", "--json")
    assert json.loads(found.stdout)["elbo"]["n_images"] == 24, found.stderr
    assert "bits per dimension" in ktg("evaluate", str(tmp_path / "run"), "--data", digits, "--num", "12").stdout
    for part in ("encoder", "decoder"):
        file = tmp_path / f"{part}.tflite"
        done = ktg("export", str(tmp_path / "run"), "--format", "tflite", "--part", part, "--out", str(file))
        assert done.exit_code == 0 and file.is_file(), done.stderr


def test_dry_run_says_what_would_be_done(ktg, digits, tmp_path):
    result = ktg(*command(digits, tmp_path / "run", "--dry-run", "--json"))
    planned = json.loads(result.stdout)
    assert planned["images"] == 24 and planned["kimg"] == 60.0 and not (tmp_path / "run").exists()


def test_options_of_the_other_family_are_refused(ktg, digits, tmp_path):
    result = ktg(*command(digits, tmp_path / "run", "--r1-gamma", "1"))
    assert result.exit_code == 2 and "`r1_gamma` must be left out with --model vae" in result.stderr
    result = ktg("pretrain", "--data", digits, "--out", str(tmp_path / "run"), "--beta", "2")
    assert result.exit_code == 2 and "`beta` must be left out without --model vae" in result.stderr
    result = ktg("pretrain", "--model", "vea", "--data", digits, "--out", str(tmp_path / "run"))
    assert result.exit_code == 2 and "Did you mean vae?" in result.stderr


def test_part_goes_with_tflite_alone(ktg, vae_file, tmp_path):
    options = ("--format", "saved_model", "--out", str(tmp_path / "1"), "--part", "encoder")
    result = ktg("export", str(vae_file), *options)
    assert result.exit_code == 2 and "`part` must be left out with --format saved_model" in result.stderr


def test_options_that_only_a_vae_has_are_settings_of_it():
    from keras_transfer_gen.cli.pretrain_vae import OWN
    from keras_transfer_gen.recipes.settings.pretrain_vae import PretrainVaeSettings

    assert set(OWN) <= set(PretrainVaeSettings.__dataclass_fields__)
    with pytest.raises(checks.UserError):
        PretrainVaeSettings(data="a", out="b", beta=-1)
