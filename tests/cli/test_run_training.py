import json
import types
from pathlib import Path

import pytest

from keras_transfer_gen.cli.run_training import run_training
from keras_transfer_gen.recipes.settings.compat import CLASSES
from keras_transfer_gen.recipes.training import fine_tune, plan, pretrain, results

TABLE = types.SimpleNamespace(title="run at 1 kimg", header=["", "score"], rows=[("after", "2.0")], notes=["a", "b"])


@pytest.fixture
def calls(monkeypatch):
    """What was asked of the recipes, which do nothing."""
    seen = []

    def answer(name, outcome):
        return lambda *arguments: seen.append((name, *arguments[:-1])) or outcome  # the last one is the reporter

    monkeypatch.setattr(fine_tune, "fine_tune", answer("finetune", {"kimg": 1.0}))
    monkeypatch.setattr(pretrain, "pretrain", answer("pretrain", {"kimg": 1.0}))
    monkeypatch.setattr(plan, "plan", answer("plan", {"action": "x"}))
    monkeypatch.setattr(results, "result_table", lambda settings, metrics: TABLE)
    return seen


@pytest.fixture(params=CLASSES, ids=lambda cls: cls.__name__)
def settings(request, tmp_path):
    source = {"source": "noto_gan_64"} if request.param.command == "finetune" else {}
    return request.param(data="photos", out=tmp_path / "run", **source)


def test_result_is_a_table_notes_and_the_place_of_the_run(calls, settings, capsys):
    run_training(settings, dry_run=False, json=False)
    expected = f"\tscore\nafter\t2.0\na\nb\nimages, curves, model card and exports are in {settings.out}\n"
    assert capsys.readouterr().out == expected and calls == [(settings.command, settings)]


def test_plan_is_a_table_without_a_header(calls, settings, capsys):
    run_training(settings, dry_run=True, json=False)
    assert capsys.readouterr().out == "action\tx\n" and calls == [("plan", settings.command, settings)]


@pytest.mark.parametrize(("dry_run", "expected"), [(False, {"kimg": 1.0}), (True, {"action": "x"})])
def test_json_is_what_the_recipe_returns(calls, settings, capsys, dry_run, expected):
    run_training(settings, dry_run, json=True)
    assert json.loads(capsys.readouterr().out) == expected


@pytest.mark.parametrize("dry_run", [False, True])
def test_other_workers_train_without_a_word(calls, settings, dry_run, capsys, monkeypatch):
    """The first one looks at the folder, says what is planned and what came of it."""
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}')
    out = Path(settings.out)
    out.mkdir()
    (out / "of somebody else").touch()  # what the first worker would refuse
    run_training(settings, dry_run=dry_run, json=False)
    assert capsys.readouterr().out == "" and calls == ([] if dry_run else [(settings.command, settings)])
