import dataclasses
import json
import os
import shutil

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs import run_folder
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings


@pytest.fixture
def settings(tmp_path):
    return FineTuneSettings(data="photos", source="a.keras", out=tmp_path / "run", kimg=2)


def started(settings, finished=False, command="finetune"):
    """A run as it lies on disk after `settings` began or finished it."""
    run = RunFolder(settings.out)
    run.record(command, settings, {"precision": "float32"}, finished)
    if finished:
        run.saved_model.mkdir(parents=True, exist_ok=True)
        for file in (run.metrics_file, run.card_file, run.spec_file, run.path / "curves.png"):
            file.write_text("{}")
    return run


def open_(settings, command="finetune", **changed):
    return RunFolder(settings.out).open(command, dataclasses.replace(settings, **changed))


def test_open_starts_in_a_new_an_empty_and_a_hidden_only_folder(settings):
    assert open_(settings) == "start"
    os.mkdir(settings.out)
    assert open_(settings) == "start"
    (RunFolder(settings.out).path / ".DS_Store").write_text("")
    assert open_(settings) == "start"
    assert sorted(os.listdir(settings.out)) == [".DS_Store"]


def test_open_continues_what_was_begun_and_leaves_what_finished(settings):
    started(settings)
    assert open_(settings) == "continue"
    run = started(settings, finished=True)
    assert open_(settings) == "finished"
    run.metrics_file.unlink()
    assert open_(settings) == "continue"


@pytest.mark.parametrize("name", run_folder.PROMISED)
def test_what_a_finished_run_has_lost_is_made_again(settings, name):
    lost = started(settings, finished=True).path / name
    lost.rmdir() if lost.is_dir() else lost.unlink()
    assert open_(settings) == "continue"


@pytest.mark.parametrize(("before", "now", "state"), [
    ({}, {"kimg": 3}, "continue"),
    ({}, {"kimg": 1}, "finished"),
    ({"minutes": 1}, {"minutes": 2}, "continue"),
    ({"minutes": 1}, {}, "continue"),
    ({}, {"minutes": 5}, "finished"),
    ({}, {"learning_rate": 1.0, "batch_size": 2}, "finished"),
    ({}, {"overwrite": True}, "start"),
])  # fmt: skip
def test_larger_bounds_continue_a_finished_run(settings, before, now, state):
    started(dataclasses.replace(settings, **before), finished=True)
    assert open_(settings, **now) == state


def test_changed_settings_are_refused_on_one_line_that_names_them(settings):
    started(settings)
    with pytest.raises(
        checks.UserError, match=r"other settings: seed 0 -> 4, augment 'diffaugment' -> 'none'\. .*--overwrite"
    ) as caught:
        open_(settings, seed=4, augment="none", kimg=9)
    assert "\n" not in str(caught.value) and "kimg" not in str(caught.value)
    assert open_(settings, data="photos/") == "continue"
    assert open_(settings, seed=4, overwrite=True) == "start"


def test_a_setting_that_an_older_version_did_not_have_is_no_change(settings):
    run = started(settings)
    config = json.loads(run.config_file.read_text())
    del config["settings"]["balance"]
    run.config_file.write_text(json.dumps(config))
    assert open_(settings) == "continue"


def test_run_of_the_other_command_is_refused(settings):
    started(settings)
    pre = PretrainSettings(data="photos", out=settings.out)
    with pytest.raises(checks.UserError, match="`out` must be a run of `ktg pretrain`, not of `ktg finetune`"):
        RunFolder(settings.out).open("pretrain", pre)


def test_places_that_hold_something_else_are_refused(settings, tmp_path):
    os.mkdir(settings.out)
    photo = tmp_path / "run" / "photo.jpg"
    photo.write_text("dear")
    for overwrite in (False, True):
        with pytest.raises(
            checks.UserError, match="`out` must be a new or empty folder, or an earlier run.*other files"
        ):
            open_(settings, overwrite=overwrite)
    with pytest.raises(checks.UserFileError, match="`out` must be a folder"):
        RunFolder(photo).open("finetune", settings)
    assert photo.read_text() == "dear"


@pytest.mark.parametrize(("content", "text"), [
    ('{"model_type": "gpt2"}', "Its config.json is damaged, or not one that this package wrote"),
    ("[]", "not one that this package"),
    ("{", "Its config.json is damaged, or not one"),
])  # fmt: skip
def test_config_of_another_program_is_no_run_even_with_overwrite(settings, tmp_path, content, text):
    os.mkdir(settings.out)
    (tmp_path / "run" / "config.json").write_text(content)
    for overwrite in (False, True):
        with pytest.raises(checks.UserFileError, match=text):
            open_(settings, overwrite=overwrite)


def test_places_where_nothing_can_be_written_are_refused(settings, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(checks.UserFileError, match=r"a folder that can be written.*--out"):
        RunFolder(tmp_path / "file" / "run").open("finetune", settings)
    monkeypatch.setattr(run_folder.os, "access", lambda place, mode: False)
    with pytest.raises(checks.UserFileError, match=r"Nothing can be written in .*--out"):
        open_(settings)


def test_out_must_lie_apart_from_what_is_read(settings, tmp_path):
    photos, inside = tmp_path / "photos", tmp_path / "photos" / "run"
    photos.mkdir()
    for changed in (
        {"data": photos, "out": inside},
        {"reference": photos, "out": inside},
        {"data": photos, "out": photos},
    ):
        name = next(iter(changed))
        with pytest.raises(checks.UserError, match=rf"`out` must be a folder apart from --{name}"):
            RunFolder(changed["out"]).open("finetune", dataclasses.replace(settings, **changed))
    run = started(settings)
    with pytest.raises(checks.UserError, match="`out` must be a folder apart from --source"):
        open_(settings, source=settings.out, overwrite=True)
    assert run.exists
    assert RunFolder(tmp_path / "b").open("finetune", dataclasses.replace(settings, source=settings.out)) == "start"


def test_clear_removes_what_a_run_writes_and_nothing_else(settings):
    run = started(settings, finished=True)
    run.note(kid=1.0)
    (run.path / "samples").mkdir()
    (run.path / "my_notes.txt").write_text("dear")
    run.clear()
    assert sorted(os.listdir(run.path)) == ["my_notes.txt"]
    shutil.rmtree(run.path)
    run.clear()
    assert run.path.is_dir()


def test_clear_that_is_killed_leaves_a_run_that_is_not_finished(settings, monkeypatch):
    run = started(settings, finished=True)
    run.note(kid=1.0)

    def killed(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(run_folder.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        run.clear()
    assert open_(settings) == "continue"


def test_clear_says_where_a_folder_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(checks.UserFileError, match=r"cannot write .*run: .*--out"):
        RunFolder(tmp_path / "file" / "run").clear()


def test_sweep_removes_half_written_files_alone(settings):
    run = started(settings)
    half = run.adapted / ".partial-abc"
    half.mkdir(parents=True)
    (half / "gan.keras").write_text("half")
    (run.adapted / "step-000000001").mkdir()
    run.sweep()
    assert os.listdir(run.adapted) == ["step-000000001"]


def test_sweep_names_what_was_whole_when_its_process_was_killed(settings):
    run = started(settings)
    half = run.adapted / ".partial-abc"
    for name in ("replaced", "step-000000001"):
        (half / name).mkdir(parents=True)
        (half / name / "state.json").write_text(name)
    run.sweep()
    assert os.listdir(run.adapted) == ["step-000000001"]
    assert (run.adapted / "step-000000001" / "state.json").read_text() == "step-000000001"


def test_record_keeps_the_stages(settings):
    run = started(settings)
    run.begin_stage(0.0)
    run.record("finetune", settings, {}, finished=True)
    run.record("finetune", dataclasses.replace(settings, kimg=4), {"precision": "bfloat16"}, finished=False)
    config = run.config()
    assert [stage["kimg"] for stage in config["stages"]] == [2, 4]
    assert (
        config["settings"]["kimg"] == 4 and config["resolved"] == {"precision": "bfloat16"} and not config["finished"]
    )
    assert not {"out", "overwrite"} & set(config["settings"])


def test_stages_say_at_which_kimg_they_began(settings):
    run = started(settings)
    run.begin_stage(0.0)
    run.begin_stage(0.5)  # interrupted and continued with the same settings: still the first stage
    longer = dataclasses.replace(settings, kimg=4)
    for changed in (dataclasses.replace(settings, kimg=3), longer):  # the first was stopped before it trained at all
        run.record("finetune", changed, {}, finished=False)
    assert [stage["from_kimg"] for stage in run.config()["stages"]] == [0.0, None]
    run.begin_stage(2.0)
    run.record("finetune", longer, {}, finished=True)
    assert [(stage["from_kimg"], stage["kimg"]) for stage in run.config()["stages"]] == [(0.0, 2), (2.0, 4)]


def test_run_whose_stages_do_not_say_where_they_began_continues(settings):
    run = started(settings)
    config = json.loads(run.config_file.read_text())
    del config["stages"][0]["from_kimg"]
    run.config_file.write_text(json.dumps(config))
    run.record("finetune", settings, {}, finished=False)
    run.begin_stage(1.0)
    assert len(run.config()["stages"]) == 1 and "from_kimg" not in run.config()["stages"][0]
    run.record("finetune", dataclasses.replace(settings, kimg=4), {}, finished=False)
    run.begin_stage(2.0)
    assert [stage.get("from_kimg") for stage in run.config()["stages"]] == [None, 2.0]


def test_run_that_another_process_writes_to_is_refused(settings):
    run = RunFolder(settings.out)
    with run.locked("finetune", settings, "start"):
        with pytest.raises(checks.UserError, match=r"`out` must be a RUN that no other process writes to"):
            open_(settings)
        started(settings)
    assert open_(settings) == "continue" and os.listdir(settings.out) == ["config.json"]
    with pytest.raises(
        checks.UserError, match="a RUN that no other process changed meanwhile.*Give the same command again"
    ):
        with run.locked("finetune", settings, "start"):  # another one had begun it in the meantime
            pass


def test_notes_add_up(settings):
    run = RunFolder(settings.out)
    assert run.notes() == {}
    run.note(a=1)
    run.note(b=[2])
    assert run.notes() == {"a": 1, "b": [2]}


def test_recorded_settings_survive_json(settings):
    settings = dataclasses.replace(settings, freeze=("generator/.*=false",))
    assert json.loads(json.dumps(run_folder.recorded(settings))) == run_folder.recorded(settings)


def test_source_is_copied_once_and_removed_by_overwrite(settings, tmp_path):
    run = started(settings)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"graph")
    run.keep_source(tmp_path / "model", run.source)
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"another")
    run.keep_source(tmp_path / "model", run.source)
    assert (run.source / "saved_model.pb").read_bytes() == b"graph"
    assert not run.keeps_source  # something else may be needed to load it
    run.note(source_kept=True)
    assert run.keeps_source
    run.clear()
    assert not run.source.exists()
