import os
import subprocess
import sys

import pytest

from keras_transfer_gen.cli.completion import complete_models, complete_runs, complete_settings


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with two RUNs, a model file and files of settings."""
    for name in ("runs/a/config.json", "runs/b/config.json", "models/x.keras", "run.yaml", "notes.txt", ".git/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)


def test_presets_runs_and_files_are_suggested():
    assert complete_models("noto") == ["noto_gan_64", "noto_vae_64"]
    assert complete_models("ru") == ["runs/a", "runs/b"] == complete_models("runs/")
    assert complete_models("mo") == ["models/"] and complete_models("models/") == ["models/x.keras"]
    assert {"noto_gan_64", "runs/a", "models/"} <= set(complete_models(""))
    assert complete_models("nowhere/") == [] and ".git/" not in complete_models("")


def test_runs_and_settings_have_their_own_suggestions():
    assert complete_runs("r") == ["runs/a", "runs/b"] and "noto_gan_64" not in complete_runs("")
    assert complete_settings("run") == ["run.yaml", "runs/a", "runs/b"]
    assert complete_settings("paper") == ["paper256", "paper512", "paper1024"]


@pytest.mark.parametrize(("words", "suggestions"), [
    ("ktg generate noto_g", ["noto_gan_64"]), ("ktg finetune --source noto_v", ["noto_vae_64"]),
    ("ktg finetune --out runs/a", ["runs/a"]), ("ktg compare runs/", ["runs/a", "runs/b"]),
    ("ktg finetune --config run.y", ["run.yaml"]),
])  # fmt: skip
def test_shell_gets_the_suggestions(words, suggestions):
    environment = {
        "_KTG_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1),
    }  # fmt: skip
    code = "import sys; sys.argv = ['ktg']; from keras_transfer_gen.cli.main import app; app(prog_name='ktg')"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.stdout.split() == suggestions, done.stderr
