import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.report.reporter import Reporter
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.defaults import SCRATCH_RATES
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune
from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint

pytestmark = pytest.mark.usefixtures("quick_scores")

NO_EXPORTS = pytest.mark.usefixtures("no_exports")
STEPS, BATCH = 10, 4


@pytest.fixture(scope="module")
def exact(source_file, shared_image_folder, tmp_path_factory, quick, leave_exports_out):
    """Settings of a deterministic run that nothing interrupted; its penalty is due in steps 0, 3, 6 and 9.

    The ratio of its rates is given, and that it has no feature heads: a process of its own measures another distance,
    with another feature network, and leaves nothing out.
    """
    from tensorflow.python.framework import config

    settings = FineTuneSettings(
        data=shared_image_folder, source=source_file, out=tmp_path_factory.mktemp("exact") / "run", batch_size=BATCH,
        kimg=STEPS * BATCH / 1000, precision="float32", deterministic=True, r1_interval=3, freeze_d=1,
        latent_selection_kimg=0.0,
        g_lr_ratio=4.0, feature_weight=0.0,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        leave_exports_out(patch)
        fine_tune(settings)
    config.disable_op_determinism()
    return settings


def again(settings, folder):
    return dataclasses.replace(settings, out=str(folder))


def last_of(settings):
    return latest_checkpoint(RunFolder(settings.out).adapted)


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.usefixtures("deterministic")
@NO_EXPORTS
def test_run_interrupted_at_three_random_moments_ends_with_the_same_bits(
    exact, tmp_path, scripted, everything_of, monkeypatch
):  # fmt: skip
    """Saved at a signal; saved and moved on before it was killed; killed before its first minute was over."""
    settings, run = again(exact, tmp_path / "run"), RunFolder(tmp_path / "run")
    first, second, third = sorted(random.Random(3).sample(range(2, STEPS), 3))
    monkeypatch.setenv("KTG_CHECKPOINT_SECONDS", "1000")
    with pytest.raises(KeyboardInterrupt):
        fine_tune(settings, scripted(at=first * BATCH / 1000, label="adapting", times=2))
    assert latest_checkpoint(run.adapted).name == "step-000000000"  # what it began with
    with pytest.raises(checks.Interrupted):
        fine_tune(settings, scripted(at=second * BATCH / 1000, label="adapting", number=signal.SIGTERM))
    monkeypatch.setenv("KTG_CHECKPOINT_SECONDS", "0")
    with pytest.raises(KeyboardInterrupt):
        fine_tune(settings, scripted(at=third * BATCH / 1000, label="adapting", times=2))
    assert latest_checkpoint(run.adapted).name == f"step-{third - 1:09d}" and len(list(run.adapted.iterdir())) == 2
    expected, early = everything_of(RunFolder(exact.out).adapted), everything_of(run.adapted)
    assert len(expected) > 50 and not same(early, expected)
    metrics = fine_tune(settings)
    assert same(everything_of(run.adapted), expected)
    assert metrics["kid_after"] == json.loads(RunFolder(exact.out).metrics_file.read_text())["kid_after"]


KILLED = """
import os, signal
import tensorflow as tf
from keras_transfer_gen.metrics import features
from keras_transfer_gen.recipes.runs import training_loop
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune

class Killer(training_loop.callbacks.StopAt):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.step.numpy()) == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        super().on_train_batch_end(batch, logs)

training_loop.callbacks.StopAt = Killer
tf.config.optimizer.set_experimental_options(OPTIONS)
full = features.load_feature_network
features.load_feature_network = lambda *name, side=None: full(*name, side=32)  # quick
kid_protocol.DEFAULT = kid_protocol.KidProtocol(num_fakes=12, curve_fakes=12)
fine_tune(FineTuneSettings(**SETTINGS))
"""


@pytest.mark.slow  # test_killed_runs.py really kills processes, too; the test above continues such runs
@pytest.mark.usefixtures("deterministic")
@NO_EXPORTS
def test_killed_process_is_continued_by_another_with_the_same_bits(exact, tmp_path, everything_of):
    settings = again(exact, tmp_path / "run")
    code = KILLED.replace("SETTINGS", repr(dataclasses.asdict(settings)))
    code = code.replace("OPTIONS", repr(tf.config.optimizer.get_experimental_options()))  # graphs as in this process
    ran = subprocess.run([sys.executable, "-c", code], env={**os.environ, "KTG_CHECKPOINT_SECONDS": "0"}, stderr=-1)
    assert ran.returncode == -signal.SIGKILL, ran.stderr.decode()
    run = RunFolder(settings.out)
    assert latest_checkpoint(run.adapted).name == "step-000000006"
    (run.adapted / ".partial-left").mkdir()
    fine_tune(settings)
    assert same(everything_of(run.adapted), everything_of(RunFolder(exact.out).adapted))
    assert not list(run.path.rglob(".partial-*"))


@pytest.mark.parametrize("label", ["score of the source", "score after training"])
@pytest.mark.usefixtures("deterministic")
@NO_EXPORTS
def test_run_interrupted_while_it_is_scored_goes_on(exact, tmp_path, scripted, everything_of, label):
    settings, run = again(exact, tmp_path / "run"), RunFolder(tmp_path / "run")
    if label == "score after training":
        shutil.copytree(exact.out, run.path)
        run.record("finetune", settings, run.config()["resolved"], finished=False)
    with pytest.raises(KeyboardInterrupt):
        fine_tune(settings, scripted(at=1, label=label))
    assert run.open("finetune", settings) == "continue"
    fine_tune(settings)
    assert run.config()["finished"]
    assert same(everything_of(run.adapted), everything_of(RunFolder(exact.out).adapted))


def test_same_call_on_a_finished_run_changes_nothing(finished, scripted):
    files = {path: path.stat().st_mtime_ns for path in RunFolder(finished.out).path.rglob("*")}
    reporter = scripted()
    metrics = fine_tune(finished, reporter)
    assert metrics == json.loads(RunFolder(finished.out).metrics_file.read_text())
    assert reporter.lines == [f"{finished.out} has finished already: nothing to do. A larger --kimg continues it."]
    assert {path: path.stat().st_mtime_ns for path in RunFolder(finished.out).path.rglob("*")} == files


@NO_EXPORTS
def test_larger_kimg_continues_both_trainings_and_frozen_layers_stay_frozen(finished, source_file, tmp_path):
    shutil.copytree(finished.out, tmp_path / "run")
    before = {name: load_gan(path) for name, path in (("source", source_file), ("run", last_of(finished)))}
    metrics = fine_tune(dataclasses.replace(finished, out=str(tmp_path / "run"), kimg=0.056))
    assert metrics["kimg"] == 0.056
    run = RunFolder(tmp_path / "run")
    assert [latest_checkpoint(folder).name for folder in (run.adapted, run.scratch)] == ["step-000000007"] * 2
    after = load_gan(latest_checkpoint(run.adapted))
    for name, moved in (("block_4", False), ("block_8", True)):
        found, start = (gan.generator.get_layer(name).get_weights() for gan in (after, before["run"]))
        assert same(found, start) != moved
    averaged = before["source"].ema_generator.get_layer("block_4").get_weights()
    assert same(after.generator.get_layer("block_4").get_weights(), averaged)
    assert same(*(gan.discriminator.get_layer("block_32").get_weights() for gan in (after, before["source"])))
    assert not after.generator.get_layer("block_4").dense.trainable
    config = run.config()
    assert config["settings"]["freeze"] == ["generator/block_4/.*=false"]
    assert [(stage["from_kimg"], stage["kimg"]) for stage in config["stages"]] == [(0.0, 0.04), (0.04, 0.056)]


def test_generator_learns_faster_than_the_discriminator(finished):
    gan, ratio = load_gan(last_of(finished)), RunFolder(finished.out).config()["resolved"]["g_lr_ratio"]
    assert ratio >= 4.0 and float(gan.d_optimizer.learning_rate) == pytest.approx(finished.learning_rate)
    assert float(gan.g_optimizer.learning_rate) == pytest.approx(ratio * finished.learning_rate)


def test_scratch_run_has_nothing_frozen_and_its_own_rate(finished):
    run = RunFolder(finished.out)
    gan, _ = load_checkpoint(latest_checkpoint(run.scratch))
    assert all(variable.trainable for variable in gan.discriminator.variables)
    assert gan.kimg == load_gan(last_of(finished)).kimg
    rates = [float(optimizer.learning_rate) for optimizer in (gan.g_optimizer, gan.d_optimizer)]
    assert rates == pytest.approx(SCRATCH_RATES)
    source = load_gan(finished.source)
    assert not same(
        gan.discriminator.get_layer("block_32").get_weights(), source.discriminator.get_layer("block_32").get_weights()
    )


@NO_EXPORTS
def test_run_is_a_source_whose_frozen_layers_are_free_again(finished, shared_image_folder, tmp_path):
    settings = FineTuneSettings(
        data=shared_image_folder, source=finished.out, out=tmp_path / "run", kimg=0.008, batch_size=8,
        precision="float32",
        penalty="none", augment="none",
    )  # fmt: skip
    metrics = fine_tune(settings)
    assert metrics["kid_scratch"] is None and metrics["kid_floor"] is None and metrics["kimg"] == 0.008
    gan = load_gan(settings.out)
    assert gan.generator.get_layer("block_4").dense.trainable and gan.discriminator.get_layer("block_32").conv.trainable
    assert gan.spec.licence == "CC0-1.0"
    line = f"Adapted from {finished.out} on {shared_image_folder}. The source: Adapted from {finished.source}"
    assert gan.spec.source.startswith(line)


@pytest.mark.slow
@pytest.mark.usefixtures("deterministic")
def test_two_devices_are_as_exact_as_one(source_file, shared_image_folder, tmp_path, scripted, everything_of, request):
    settings = FineTuneSettings(
        data=shared_image_folder, source=source_file, out=tmp_path / "whole", kimg=0.016, batch_size=4,
        precision="float32",
        devices="cpu:0,cpu:1", deterministic=True, r1_interval=2, augment="none",
    )  # fmt: skip
    fine_tune(settings)
    request.getfixturevalue("no_exports")
    parts = again(settings, tmp_path / "parts")
    with pytest.raises(checks.Interrupted):
        fine_tune(parts, scripted(at=0.008, label="adapting"))
    fine_tune(parts)
    whole, run = RunFolder(settings.out), RunFolder(parts.out)
    assert run.config()["resolved"]["replicas"] == 2
    assert same(everything_of(whole.adapted), everything_of(run.adapted))


@pytest.mark.parametrize(("changed", "error", "text"), [
    ({"freeze": ("generator/blok_4/.*=false",)}, checks.UserError, "Nearest paths: generator/block_4"),
    ({"freeze_d": 9}, checks.UserError, r"`freeze_d` must be at most 4.*--freeze-d"),
    ({"freeze": (".*=false",)}, checks.UserError, r"`freeze` must be rules that leave.*freeze both networks, so"),
    ({"freeze": ("generator/.*=false",)}, checks.UserError, r"`freeze` must be .*freeze the whole generator, so"),
    ({"data": "nowhere"}, checks.UserFileError, r"`data` must be.*nothing at this path.*data= .--data."),
    ({"reference": "nowhere"}, checks.UserFileError, r"`reference` must be.*reference= .--reference."),
    ({"source": "nowhere"}, checks.UserFileError, "`source` must be a preset"),
    ({"batch_size": 7, "devices": "cpu:0,cpu:1"}, checks.UserError, "a multiple of the 2 devices"),
])  # fmt: skip
def test_mistakes_are_told_before_anything_is_written(source_file, shared_image_folder, tmp_path, changed, error, text):
    settings = FineTuneSettings(data=shared_image_folder, source=source_file, out=tmp_path / "run", batch_size=8)
    with pytest.raises(error, match=text):
        fine_tune(dataclasses.replace(settings, **changed))
    assert os.listdir(tmp_path) == []


@NO_EXPORTS
def test_second_process_in_a_run_is_refused_and_the_first_goes_on(source_file, shared_image_folder, tmp_path):
    settings = FineTuneSettings(
        data=shared_image_folder, source=source_file, out=tmp_path / "run", kimg=0.008, batch_size=4,
        precision="float32",
        penalty="none", augment="none",
    )  # fmt: skip

    class Second(Reporter):
        def say(self, line):
            if "between your images" in line or line.startswith("your images are "):  # the first is about to train
                with pytest.raises(checks.UserError, match="`out` must be a RUN that no other process writes to"):
                    fine_tune(dataclasses.replace(settings, overwrite=True))

    assert fine_tune(settings, Second())["kimg"] == 0.008
    assert not list(RunFolder(settings.out).path.glob(".ktg-lock*"))


def test_mistake_with_fresh_leaves_the_earlier_run(finished, tmp_path):
    shutil.copytree(finished.out, tmp_path / "run")
    with pytest.raises(checks.UserFileError, match="nothing at this path"):
        fine_tune(dataclasses.replace(finished, out=str(tmp_path / "run"), data="nowhere", overwrite=True))
    assert RunFolder(tmp_path / "run").open("finetune", again(finished, tmp_path / "run")) == "finished"


@NO_EXPORTS
def test_source_is_read_before_fresh_removes_anything_and_other_files_stay(finished, tmp_path):
    shutil.copytree(finished.out, tmp_path / "run")
    (tmp_path / "run" / "notes.txt").write_text("dear")
    settings = dataclasses.replace(
        finished, out=str(tmp_path / "run"), kimg=0.008, overwrite=True, compare_scratch=False
    )
    assert fine_tune(settings)["kimg"] == 0.008
    assert (tmp_path / "run" / "notes.txt").read_text() == "dear"
    assert not RunFolder(settings.out).scratch.exists()
