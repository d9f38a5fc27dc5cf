import json

import pytest
from typer.testing import CliRunner

from keras_transfer_gen.cli import main, train


@pytest.fixture
def init(image_folder, monkeypatch, tmp_path):
    """Function: what is typed, arguments -> result of `ktg init` on 12 images, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda typed, *arguments: CliRunner().invoke(main.app, ["init", image_folder.name, *arguments], input=typed)


def test_suggestions_become_settings_that_config_takes(init, ktg, monkeypatch, tmp_path):
    result = init("", "--yes")
    assert result.exit_code == 0 and "12 images, RGB, sides from 32 to 32 pixels." in result.stderr
    assert result.stdout == "wrote run.yaml. Read it, then start with: ktg finetune --config run.yaml\n"
    seen = []
    monkeypatch.setattr(train, "run_training", lambda settings, dry_run, json: seen.append(settings))
    assert ktg("finetune", "--config", "run.yaml").exit_code == 0
    (settings,) = seen
    assert (settings.data, settings.source, settings.out) == ("pictures", "emoji_64", "runs/pictures")


def test_three_questions_are_asked_with_suggestions(init):
    result = init("noto_vae_64\n\nruns/mine\n", "--out", "mine.yaml", "--json")
    assert result.exit_code == 0 and result.stderr.count("[") == 3
    content = json.loads(result.stdout)
    assert content["settings"] == {
        "data": "pictures", "out": "runs/mine", "source": "noto_vae_64", "kimg": 2.0,
    }  # fmt: skip
    assert content["file"] == "mine.yaml" and content["images"] == 12


def test_nothing_is_replaced_and_no_answer_says_what_to_do(init, tmp_path):
    (tmp_path / "run.yaml").write_text("mine")
    result = init("", "--yes")
    assert result.exit_code == 2 and "give --overwrite" in result.stderr
    result = init("", "--overwrite")
    assert result.exit_code == 2 and "Give --yes to take the suggestions." in result.stderr
    result = init("noto_gan_46\n", "--overwrite")
    assert result.exit_code == 2 and "`source` must be a preset" in result.stderr
    assert (tmp_path / "run.yaml").read_text() == "mine"
    assert init("", "--yes", "--overwrite").exit_code == 0
