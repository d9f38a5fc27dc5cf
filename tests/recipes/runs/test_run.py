import dataclasses

import pytest

from keras_transfer_gen import checks, files
from keras_transfer_gen.recipes.runs import run_lock
from keras_transfer_gen.recipes.runs.run_folder import PROMISED, RunFolder
from keras_transfer_gen.recipes.settings.gan import PretrainSettings
from keras_transfer_gen.recipes.runs.run import on_run


@pytest.fixture
def settings(tmp_path):
    return PretrainSettings(data="photos", out=str(tmp_path / "run"), kimg=1.0)


class Told:
    lines = ()

    def say(self, line):
        self.lines = (*self.lines, line)


def never(*given):
    raise AssertionError(given)


def test_what_was_read_is_worked_on_while_the_folder_is_held(settings):
    def work(run, state, given, strategy):
        with pytest.raises(checks.UserError, match="no other process writes to"), run_lock.hold(run.path):
            pass
        return {"state": state, "given": given, "replicas": strategy.num_replicas_in_sync}

    found = on_run("pretrain", settings, Told(), lambda run, strategy: run.path.name, work)
    assert found == {"state": "start", "given": "run", "replicas": 1}


def test_finished_run_is_left_alone(settings):
    run, told = RunFolder(settings.out), Told()
    run.clear()
    run.record("pretrain", settings, {}, finished=True)
    for name in PROMISED:
        files.write_text(run.path / name, "")
    files.write_json(run.metrics_file, {"kimg": 1.0})
    assert on_run("pretrain", settings, told, never, never) == {"kimg": 1.0}
    assert "had finished already" in told.lines[0]


def test_nothing_is_read_for_another_command_on_the_folder(settings):
    run = RunFolder(settings.out)
    run.clear()
    run.record("finetune", settings, {}, finished=False)
    with pytest.raises(checks.UserError, match="not of `ktg finetune`"):
        on_run("pretrain", dataclasses.replace(settings), Told(), never, never)
