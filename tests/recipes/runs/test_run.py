import dataclasses
import os

import pytest

from keras_transfer_gen import checks, files
from keras_transfer_gen.recipes.runs import run_lock
from keras_transfer_gen.recipes.runs.run import Run, prepare_tensorflow
from keras_transfer_gen.recipes.runs.run_folder import PROMISED, RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings


@pytest.fixture
def settings(tmp_path):
    return PretrainSettings(data="photos", out=str(tmp_path / "run"), kimg=1.0)


class Images:
    """The images of a run, as far as `Run` asks."""

    def __init__(self, data="a", reference="b"):
        self.data, self.reference = data, reference

    def digests(self):
        return {"pictures_digest": self.data, "reference_digest": self.reference}

    def facts(self):
        return {"pictures": 12, "skipped_files": 0}


@pytest.fixture
def opened(settings, scripted):
    """Function: a `Run` in its block, closed at once."""

    def open_run(reporter=None, command="pretrain", settings=settings):
        with Run.open(command, settings, None, reporter or scripted()) as run:
            return run

    return open_run


def test_folder_is_locked_while_the_run_is_open(settings, scripted):
    with Run.open("pretrain", settings, "family", scripted()) as run:
        assert (run.state, run.finished, run.family) == ("start", False, "family")
        assert run.strategy.num_replicas_in_sync == 1 and run.batch_per_replica == settings.batch_size
        with pytest.raises(checks.UserError, match="no other process writes to"), run_lock.lock(run.folder.path):
            pass


def test_what_ends_early_leaves_no_folder(settings, scripted, tmp_path):
    with pytest.raises(KeyError), Run.open("pretrain", settings, None, scripted()):
        raise KeyError
    assert os.listdir(tmp_path) == []


def test_finished_run_is_left_alone(settings, opened, scripted):
    folder, reporter = RunFolder(settings.out), scripted()
    folder.clear()
    folder.record("pretrain", settings, {}, finished=True)
    for name in PROMISED:
        files.write_text(folder.path / name, "")
    files.write_json(folder.metrics_file, {"kimg": 1.0})
    run = opened(reporter)
    assert run.finished and run.metrics() == {"kimg": 1.0}
    assert "has finished already" in reporter.lines[0]


def test_another_command_on_the_folder_is_refused(settings, opened):
    folder = RunFolder(settings.out)
    folder.clear()
    folder.record("finetune", settings, {}, finished=False)
    with pytest.raises(checks.UserError, match="not of `ktg finetune`"):
        opened()


def test_begin_makes_a_run_before_it_measures_and_measures_once(settings, opened):
    run = opened()
    run.begin(Images(), "the best")

    def interrupted():
        assert run.folder.open("pretrain", settings) == "continue"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.measure_once(interrupted)
    calls = []

    def measure():
        calls.append(1)
        return {"arithmetic": "float32", "probe": {}}

    for _ in range(2):
        notes = run.measure_once(measure)
    assert notes == {"arithmetic": "float32", "probe": {}, "stale": False} and calls == [1]
    resolved = run.folder.config()["resolved"]
    assert (resolved["precision"], resolved["selection"], resolved["pictures"]) == ("float32", "the best", 12)


@pytest.mark.parametrize(("images", "name"), [(Images(data="new"), "photos"), (Images(reference="new"), "held")])
def test_changed_images_are_told_and_scored_again_once(tmp_path, opened, scripted, images, name):
    settings = FineTuneSettings(data="photos", reference="held", source="noto_gan_64", out=tmp_path / "run")
    first = opened(command="finetune", settings=settings)
    first.begin(Images(), "")
    first.measure_once(lambda: {"arithmetic": "float32", "probe": {}, "distance": 7.0})
    reporter = scripted()
    again = opened(reporter, "finetune", settings)
    again.begin(images, "")
    (line,) = reporter.lines
    assert f"the images in {name} changed since this run began" in line and "taken again" in line

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        again.measure_once(interrupted)
    reporter, calls = scripted(), []
    third = opened(reporter, "finetune", settings)
    third.begin(images, "")
    for _ in range(2):
        notes = third.measure_once(
            lambda: calls.append(1) or {"arithmetic": "bfloat16", "probe": {"new": 1}, "distance": 1.5}
        )
    assert calls == [1] and reporter.lines == []
    assert notes["distance"] == 1.5 and notes["arithmetic"] == "float32"  # training goes on as it was
    assert third.folder.config()["resolved"]["source_distance"] == 1.5


def test_run_that_does_not_know_its_reference_is_not_measured_again(settings, opened, scripted):
    opened().begin(Images(), "")
    folder = RunFolder(settings.out)
    config = folder.config()
    del config["resolved"]["reference_digest"]
    files.write_json(folder.config_file, config)
    reporter = scripted()
    opened(reporter).begin(Images(), "")
    assert reporter.lines == [] and folder.config()["resolved"]["reference_digest"] == "b"


def test_start_removes_what_an_earlier_run_wrote_and_nothing_else(settings, opened):
    run = opened()
    run.begin(Images(), "")
    run.measure_once(lambda: {"arithmetic": "float32"})
    (run.folder.path / "notes.txt").write_text("dear")
    again = opened(settings=dataclasses.replace(settings, overwrite=True))
    again.begin(Images(), "")
    assert sorted(os.listdir(again.folder.path)) == ["config.json", "notes.txt"] and again.notes == {}
    assert len(again.folder.config()["stages"]) == 1


def test_resolved_settings_are_not_recorded(settings, opened):
    run = opened()
    run.resolve(g_lr_ratio=4.0)
    run.begin(Images(), "")
    assert run.resolved.g_lr_ratio == 4.0 and run.folder.config()["settings"]["g_lr_ratio"] is None


def test_prepare_checks_the_batch_and_sets_determinism(settings, deterministic):
    with pytest.raises(checks.UserError, match="`batch_size` must be a multiple of the 2 devices"):
        prepare_tensorflow(dataclasses.replace(settings, devices="cpu:0,cpu:1", batch_size=5))
    prepare_tensorflow(dataclasses.replace(settings, deterministic=True))
    from tensorflow.python.framework import config

    assert config.is_op_determinism_enabled()
