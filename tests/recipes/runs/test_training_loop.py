import dataclasses
import errno
import json
import signal

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, files
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.phases import Curve, Phase
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.training import Branch, Training, resume_training
from keras_transfer_gen.recipes.runs.training_loop import train
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.training.gan.family import GanFamily
from keras_transfer_gen.recipes.training.gan.models import compile_gan
from keras_transfer_gen.training.callbacks import read_history
from keras_transfer_gen.training.checkpoint import latest_checkpoint


@pytest.fixture
def settings(tmp_path):
    """Without penalty and augmentation, which take most of the time that TensorFlow needs to get ready."""
    return FineTuneSettings(
        data="photos", source="a.keras", out=tmp_path, batch_size=4, kimg=0.02, penalty="none", augment="none"
    )


def run_of(settings, reporter=SILENT, arithmetic="float32"):
    run = Run("finetune", settings, GanFamily(), reporter, "start", tf.distribute.get_strategy())
    run.note(arithmetic=arithmetic)
    return run


def branch_of(settings, samples=None):
    return Branch(settings.out, settings.out, f"{settings.out}/history.csv", samples)


@pytest.fixture
def begin(source_file, settings):
    """Function: the training as the latest checkpoint left it, or a new one."""

    def make():
        gan = load_gan(source_file)
        compile_gan(gan, settings)
        return gan

    return lambda samples=None: resume_training(run_of(settings), branch_of(settings, samples), make)


class Scores(Curve):
    """A curve of a function."""

    def __init__(self, function):
        self.function = function

    def __call__(self, model):
        return self.function(model)


def go(training, settings, reporter=SILENT, kimg=None, minutes=None, arithmetic="float32", score=None):
    images = read_images(np.zeros((6, 32, 32, 3), np.uint8), 32)
    phase = Phase("training", kimg or settings.kimg, curve=None if score is None else Scores(score))
    training.branch = training.branch or branch_of(settings)
    train(run_of(settings, reporter, arithmetic), training, images, phase, minutes)


def test_training_stops_at_its_budget_in_whole_batches_and_a_second_call_does_nothing(begin, settings, scripted):
    training = begin()
    reporter = scripted()
    go(training, settings, reporter, kimg=0.018)
    assert training.model.kimg == 0.02 and int(training.model.step.numpy()) == 5
    assert [tick[1:3] for tick in reporter.ticks] == [(0.004 * step, 0.02) for step in range(1, 6)]
    assert training.steady[0] == 16 and training.images_per_second == 16 / training.steady[1]
    assert training.images_per_second > 20 / training.seconds  # with the first step, in which TensorFlow gets ready
    before = training.seconds
    go(training, settings, kimg=0.018)
    assert training.seconds == before and int(training.model.step.numpy()) == 5
    assert Training(None).images_per_second is None


def test_minutes_bound_the_training_time_and_count_over_calls(begin, settings, scripted):
    training, reporter = begin(), scripted()
    go(training, settings, reporter, kimg=1e6, minutes=1e-4)
    assert int(training.model.step.numpy()) == 1 and training.seconds >= 6e-3
    go(training, settings, kimg=1e6, minutes=1e-4)
    assert int(training.model.step.numpy()) == 1
    go(training, settings, reporter, kimg=1e6, minutes=training.seconds / 60 + 2e-2)
    assert int(training.model.step.numpy()) > 1
    assert reporter.ticks[-1][2] < 1e3  # with a speed known, the bar's end is where the time will be up


def test_scores_sheets_and_history_are_kept_on_the_way(begin, settings, tmp_path, scripted):
    training, reporter = begin(samples=tmp_path), scripted()
    go(training, settings, reporter, score=lambda gan: {"kid": gan.kimg})
    assert [record["kimg"] for record in training.records] == [0.004, 0.008, 0.012, 0.016, 0.02]
    assert len(list((tmp_path / "samples").iterdir())) == 6
    assert [sheet.shape for sheet in reporter.sheets] == [(192, 192, 3)] * 6  # each that is written is shown
    assert [row["kimg"] for row in read_history(tmp_path / "history.csv")] == [0.004, 0.008, 0.012, 0.016, 0.02]
    state = json.loads((latest_checkpoint(tmp_path) / "state.json").read_text())
    assert state == {"seconds": training.seconds, "steady": list(training.steady), "records": training.records}


def test_tensorboard_gets_its_files_where_it_is_asked_for(begin, settings, tmp_path):
    training = begin(samples=tmp_path)
    go(training, settings, kimg=0.004)
    assert not (tmp_path / "tensorboard").exists()
    go(training, dataclasses.replace(settings, tensorboard=True), kimg=0.008, score=lambda gan: {"kid": 1.0})
    (events,) = (tmp_path / "tensorboard").iterdir()
    content = events.read_bytes()
    assert all(name in content for name in (b"loss/d_loss", b"score/kid", b"images", b"_hparams_"))


@pytest.mark.parametrize("every", ["0", "1000"])
def test_last_score_is_stored_however_often_checkpoints_come(begin, settings, monkeypatch, every):
    monkeypatch.setenv("KTG_CHECKPOINT_SECONDS", every)
    settings = dataclasses.replace(settings, evaluate_every_kimg=0.012)
    go(begin(), settings, score=lambda gan: {"kid": 1.0})
    assert [record["kimg"] for record in begin().records] == [0.012, 0.02]


@pytest.mark.usefixtures("hangup_ends")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_signal_saves_at_once_and_says_how_to_go_on(begin, settings, scripted, number, tmp_path):
    before = signal.getsignal(number)
    training, scored = begin(samples=tmp_path), []
    with pytest.raises(
        checks.Interrupted, match=rf"SIG\w+: saved at 0.01 kimg in {tmp_path}. Give the same command again"
    ) as stop:
        go(
            training, settings, scripted(at=0.008, number=number),
            score=lambda gan: scored.append(gan.kimg) or {"kid": 1.0},
        )  # fmt: skip
    assert signal.getsignal(number) is before
    assert stop.value.preempted == (number in (signal.SIGTERM, signal.SIGUSR1))
    assert latest_checkpoint(tmp_path).name == "step-000000002"
    assert scored == [0.004, 0.008]  # those that were due, and none for the farewell
    again = begin()
    assert again.model.kimg == 0.008 and again.seconds == training.seconds and len(again.records) == 2
    assert again.steady == training.steady and again.steady[0] == 4
    go(again, settings)
    assert again.model.kimg == 0.02 and again.steady[0] == 12  # both first steps are left out


def test_signal_with_fresh_does_not_advise_to_start_again(begin, settings, scripted):
    fresh = dataclasses.replace(settings, overwrite=True)
    with pytest.raises(checks.Interrupted, match="Give the same command without --overwrite to continue"):
        go(begin(), fresh, scripted(at=0.008))


def test_signal_in_the_last_step_loses_nothing(begin, settings, scripted):
    with pytest.raises(checks.Interrupted, match="saved at 0.02 kimg"):
        go(begin(), settings, scripted(at=0.02), score=lambda gan: {"kid": 1.0})
    assert [record["kimg"] for record in begin().records] == [0.004, 0.008, 0.012, 0.016, 0.02]


def test_second_signal_ends_at_once_and_the_last_checkpoint_stays(begin, settings, scripted, monkeypatch):
    monkeypatch.setenv("KTG_CHECKPOINT_SECONDS", "0")
    with pytest.raises(KeyboardInterrupt):
        go(begin(), settings, scripted(at=0.012, times=2))
    assert begin().model.kimg == 0.008


def test_progress_never_promises_more_than_the_whole(begin, settings, scripted):
    reporter = scripted()
    go(begin(), settings, reporter)
    assert all(done <= total for _, done, total, _ in reporter.ticks)
    assert reporter.ticks[0][3] == "" and all("images/s" in tick[3] for tick in reporter.ticks[1:])


def test_bfloat16_is_for_training_alone(begin, settings):
    training = begin()
    go(training, settings, arithmetic="bfloat16", kimg=0.004)
    assert training.model.generator.get_layer("block_8").conv.compute_dtype == "float32"
    assert np.isfinite(training.model.generator.get_layer("to_image").kernel.numpy()).all()


DIVERGED = r"the training diverged at 0.\d+ kimg: .*\. Give the same command again, but lower --learning-rate \(now "


def test_loss_that_is_never_finite_stops_on_one_line_and_keeps_the_last_good_checkpoint(
    begin, settings, monkeypatch, scripted
):
    monkeypatch.setenv("KTG_CHECKPOINT_SECONDS", "0")

    def poison(gan):
        if gan.kimg > 0.006:
            gan.generator.weights[0].assign(tf.fill(gan.generator.weights[0].shape, np.nan))
        return {"kid": 1.0}

    settings, reporter = dataclasses.replace(settings, evaluate_every_kimg=0.002), scripted()
    with pytest.raises(checks.UserError, match=DIVERGED) as caught:
        go(begin(), settings, reporter, score=poison)
    text = str(caught.value)
    assert "stays (step-000000001)" in text and "\n" not in text and "weights of the generator are not finite" in text
    assert "It went back 3 times, with the learning rates 0.0001, 5e-05, 2.5e-05, and diverged again" in text
    first, *lines = reporter.lines
    assert first.startswith("TensorFlow prepares the first step")
    assert [line[:31] for line in lines] == ["the training diverged at 0.01 ki"[:31]] * 3
    assert lines[2].endswith("with the learning rate 2.5e-05 (3 of at most 3 times)")
    again = begin()
    assert again.model.kimg == 0.004 and all(np.isfinite(value).all() for value in again.model.get_weights())
    assert [entry["back_to_kimg"] for entry in again.rollbacks] == [0.004] * 3
    assert [row["kimg"] for row in read_history(f"{settings.out}/history.csv")] == [0.004, 0.008]


def test_weight_that_is_not_finite_at_the_start_is_never_saved(begin, settings):
    training = begin()
    training.model.discriminator.weights[0].assign(tf.fill(training.model.discriminator.weights[0].shape, np.inf))
    settings = dataclasses.replace(settings, penalty="r1", r1_gamma=0.5)
    with pytest.raises(checks.UserError, match=r"is not finite\. .*Nothing was saved.* or raise --r1-gamma \(now 0.5"):
        go(training, settings)
    assert latest_checkpoint(settings.out) is None


def test_too_large_a_learning_rate_diverges_with_advice(source_file, settings):
    gan, settings = load_gan(source_file), dataclasses.replace(settings, learning_rate=1e30)
    compile_gan(gan, settings)
    with pytest.raises(checks.UserError, match=DIVERGED):
        go(Training(gan), settings)
    assert latest_checkpoint(settings.out).name == "step-000000000"


def test_fixed_learning_rate_is_not_advised(source_file, settings):
    gan = load_gan(source_file)
    compile_gan(gan, settings, rates=(1e30, 1e30))
    with pytest.raises(checks.UserError, match="but choose another --objective and --penalty, with --overwrite"):
        go(Training(gan), settings)


def test_full_disk_is_said_and_the_training_goes_on(begin, settings, monkeypatch, scripted, tmp_path):
    """Every write of the run fails for a while, as on a full disk; then there is room again."""
    monkeypatch.setenv("KTG_CHECKPOINT_SECONDS", "0")
    training, reporter, whole = begin(samples=tmp_path), scripted(), files.atomic_path

    def full(path):
        if 0.005 < training.model.kimg < 0.015:
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(path)

    training.say = reporter.say
    monkeypatch.setattr(files, "atomic_path", full)
    go(training, settings, reporter, score=lambda gan: {"kid": 1.0})
    unsaved = [line for line in reporter.lines if "is not saved" in line]
    assert [line[:61] for line in unsaved] == [
        "the disk is full: the checkpoint at 0.01 kimg is not saved, it"[:61]
    ] * 2
    assert all("The one before it, step-000000001, stays; the training goes on" in line for line in unsaved)
    assert sum("a contact sheet at 0.01 kimg is not written" in line for line in reporter.lines) == 2
    assert [row["kimg"] for row in read_history(tmp_path / "history.csv")] == [0.004, 0.008, 0.012, 0.016, 0.02]
    again = begin()
    assert again.model.kimg == 0.02 and len(again.records) == 5


def test_signal_on_a_full_disk_says_that_nothing_more_is_saved(begin, settings, monkeypatch, scripted):
    monkeypatch.setattr(Training, "save", lambda self, out, replace=False: False)
    with pytest.raises(checks.Interrupted, match="SIGTERM: what was learnt up to 0.01 kimg is not saved") as stop:
        go(begin(), settings, scripted(at=0.008, number=signal.SIGTERM))
    assert not stop.value.preempted


@pytest.mark.parametrize("error", [tf.errors.ResourceExhaustedError(None, None, "OOM when\nallocating"), MemoryError()])
def test_lack_of_memory_asks_for_a_smaller_batch(begin, settings, error):
    def score(gan):
        raise error

    expected = r"`batch_size` must be small enough.*batch_size=4.*--batch-size"
    with pytest.raises(checks.UserError, match=expected) as caught:
        go(begin(), settings, score=score)
    assert "\n" not in str(caught.value)
