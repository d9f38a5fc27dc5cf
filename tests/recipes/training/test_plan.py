import dataclasses
import os

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
from keras_transfer_gen.recipes.settings.vae import PretrainVaeSettings
from keras_transfer_gen.recipes.training.plan import ANEW, plan


@pytest.fixture
def settings(shared_image_folder, source_file, tmp_path):
    return FineTuneSettings(data=shared_image_folder, source=source_file, out=tmp_path / "run", kimg=0.1, batch_size=32)


def test_plan_of_a_fine_tuning_says_what_would_happen_and_writes_nothing(settings, tmp_path):
    settings = dataclasses.replace(settings, reference=settings.data, freeze_d=1)
    found = plan("finetune", settings, SILENT)
    assert found["action"] == "start a new run" and found["image size"] == "32 x 32 x 3"
    assert (found["images"], found["reference images"], found["skipped files"], found["steps"]) == (12, 12, 0, 4)
    assert "parameters are trainable" in found["trained"]
    assert (found["data"], found["source"], found["kimg"]) == (settings.data, settings.source, 0.1)
    assert "metrics.json" in found["files"] and "export" in found["files"]
    assert "reconstructions" not in found["files"] and ", source, " in found["files"]  # a file: the run copies it
    assert "GB for a step of 32 images at once" in found["memory"] and "memory is short" not in found
    assert os.listdir(tmp_path) == []


def test_plan_of_a_pretraining_takes_the_size_from_the_settings(shared_image_folder, tmp_path):
    settings = PretrainSettings(data=shared_image_folder, out=tmp_path / "run", image_size=64, channels=1)
    found = plan("pretrain", settings, SILENT)
    assert found["image size"] == "64 x 64 x 1" and "GB of weights and optimizers" in found["memory"]
    assert not {"source", "reconstructions.png"} & set(found["files"].split(", "))


def test_plan_of_a_vae_from_nothing_names_what_it_writes(shared_image_folder, tmp_path):
    files = plan("pretrain", PretrainVaeSettings(data=shared_image_folder, out=tmp_path / "run"), SILENT)[
        "files"
    ].split(", ")
    assert "reconstructions.png" in files and "source" not in files


def test_plan_knows_a_run_that_has_finished(finished):
    assert plan("finetune", finished, SILENT)["action"] == "nothing: the run has finished"
    longer = dataclasses.replace(finished, kimg=9)
    assert plan("finetune", longer, SILENT)["action"] == "continue the run"


@pytest.mark.parametrize(("changed", "text"), [
    ({"freeze": ("generator/blok_4/.*=false",)}, r"match a layer.*Nearest paths: generator/block_4"),
    ({"freeze": ("generator/.*=false",)}, r"`freeze` must be rules that leave part of.*freeze the whole generator"),
    ({"freeze_d": 9}, r"`freeze_d` must be at most 4.*--freeze-d"),
    ({"devices": "tpu:0"}, r"`devices` must be .auto. or a comma-separated list.*--devices"),
    ({"devices": "gpu:7"}, r"`devices` must be devices that exist"),
    ({"devices": "cpu:0,cpu:1", "batch_size": 31}, r"`batch_size` must be a multiple of the 2.*--batch-size 30"),
    ({"background": "whit"}, "`background` must be"),
])  # fmt: skip
def test_plan_refuses_what_training_would(settings, changed, text):
    with pytest.raises(checks.UserError, match=text):
        plan("finetune", dataclasses.replace(settings, **changed), SILENT)


def test_overwriting_an_earlier_run_is_told(finished):
    assert plan("finetune", dataclasses.replace(finished, overwrite=True), SILENT)["action"] == ANEW


def test_plan_of_several_workers_asks_no_other(settings, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}')
    assert plan("finetune", settings)["action"] == "start a new run"
