import json
import types

import pytest

from keras_transfer_gen.cli import run_training as module
from keras_transfer_gen.cli.run_training import run_training
from keras_transfer_gen.recipes.settings.compat import CLASSES

TABLE = types.SimpleNamespace(title="run at 1 kimg", header=["", "score"], rows=[("after", "2.0")], notes=["a", "b"])


@pytest.fixture
def calls(monkeypatch):
    """What was asked of the recipes, which do nothing."""
    seen = []
    monkeypatch.setattr(module, "_train", lambda settings, reporter: seen.append(("train", settings)) or {"kimg": 1.0})
    monkeypatch.setattr(module, "_plan", lambda settings, reporter: seen.append(("plan", settings)) or {"action": "x"})
    monkeypatch.setattr(module, "_result_table", lambda settings, metrics: TABLE)
    return seen


@pytest.fixture(params=CLASSES, ids=lambda cls: cls.__name__)
def settings(request, tmp_path):
    source = {"source": "noto_gan_64"} if request.param.command == "finetune" else {}
    return request.param(data="photos", out=tmp_path / "run", **source)


def test_result_is_a_table_notes_and_the_place_of_the_run(calls, settings, capsys):
    run_training(settings, dry_run=False, json=False)
    expected = f"\tscore\nafter\t2.0\na\nb\nimages, curves, model card and exports are in {settings.out}\n"
    assert capsys.readouterr().out == expected and calls == [("train", settings)]


def test_plan_is_a_table_without_a_header(calls, settings, capsys):
    run_training(settings, dry_run=True, json=False)
    assert capsys.readouterr().out == "action\tx\n" and calls == [("plan", settings)]


@pytest.mark.parametrize(("dry_run", "expected"), [(False, {"kimg": 1.0}), (True, {"action": "x"})])
def test_json_is_what_the_recipe_returns(calls, settings, capsys, dry_run, expected):
    run_training(settings, dry_run, json=True)
    assert json.loads(capsys.readouterr().out) == expected
