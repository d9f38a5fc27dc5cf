import os
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
from keras_transfer_gen.training import callbacks
from keras_transfer_gen.training.gan import GAN

DATA = tf.data.Dataset.from_tensors(np.zeros((10, 32, 32, 3), np.uint8)).repeat()


@pytest.fixture(scope="module")
def shared_gan():
    gan = GAN(*build_dcgan(32, latent_dim=4, max_channels=4, min_channels=4))
    gan.compile(penalty=None)
    return gan


@pytest.fixture
def gan(shared_gan):
    shared_gan.step.assign(0)
    shared_gan.images_seen.assign(0)
    shared_gan.stop_training = False
    return shared_gan


def fit(gan, steps, *parts):
    gan.fit(DATA, steps_per_epoch=steps, verbose=0, callbacks=list(parts))


def test_every_kimg_acts_at_each_crossing_and_at_the_end(gan):
    score = callbacks.ScoreEvery(lambda model: {"kid": 1.0}, kimg=0.03)
    fit(gan, 8, score)
    assert [record["kimg"] for record in score.records] == [0.03, 0.06, 0.08]
    fit(gan, 1, score)
    assert [record["kimg"] for record in score.records] == [0.03, 0.06, 0.08, 0.09]


def epochs(gan, *parts, count=4):
    return gan.fit(DATA, epochs=count, steps_per_epoch=2, verbose=0, callbacks=list(parts))


def test_scores_stand_in_the_logs_of_every_epoch_and_the_last_one_is_carried_on(gan, tmp_path):
    values = iter([5.0, 3.0, 2.0, 1.0])
    score = callbacks.ScoreEvery(lambda model: {"kid": next(values)}, kimg=0.05)
    table = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    best = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras", monitor="kid", mode="min", save_best_only=True)
    history = epochs(gan, score, table, best).history  # epochs of 0.02 kimg: scores at 0.02, 0.05 (due) and 0.08 (end)
    assert [record["kimg"] for record in score.records] == [0.02, 0.05, 0.08]
    assert history["kid"] == [5.0, 5.0, 3.0, 2.0] and "kimg" not in history
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert "kid" in rows[0].split(",") and len(rows) == 5
    assert sorted(path.name for path in tmp_path.glob("*.keras")) == ["1.keras", "3.keras", "4.keras"]


def test_early_stopping_follows_the_scores(gan):
    score = callbacks.ScoreEvery(lambda model: {"kid": 1.0}, kimg=0.02)
    history = epochs(gan, score, keras.callbacks.EarlyStopping("kid", mode="min", patience=2), count=9)
    assert history.history["kid"] == [1.0] * 3


def test_scores_of_earlier_parts_are_carried_on_and_none_is_taken_before_it_is_due(gan):
    def score(model):
        return {"kid": 7.0}

    assert "kid" not in epochs(gan, callbacks.ScoreEvery(score, 1.0, every_epoch=False), count=2).history
    known = callbacks.ScoreEvery(score, 1.0, [{"kimg": 0.0, "kid": 9.0}], every_epoch=False)
    assert epochs(gan, known, count=2).history["kid"] == [9.0, 9.0]


def test_sample_grid_writes_sheets_and_shows_them(gan, tmp_path):
    shown = []
    fit(gan, 4, callbacks.SampleGrid(tmp_path, kimg=0.02, num=5, show=shown.append))
    names = [path.name for path in sorted((tmp_path / "samples").iterdir())]
    assert names == ["00000.000kimg.png", "00000.020kimg.png", "00000.040kimg.png"]
    assert len(shown) == 3 and shown[0].shape == (64, 96, 3)


def test_history_drops_rows_that_a_continued_run_repeats(gan, tmp_path):
    path = tmp_path / "history.csv"
    fit(gan, 4, callbacks.HistoryCsv(path, kimg=0.01))
    rows = callbacks.read_history(path)
    assert [row["kimg"] for row in rows] == [0.01, 0.02, 0.03, 0.04] and "d_loss" in rows[0]
    gan.images_seen.assign(20)
    fit(gan, 1, callbacks.HistoryCsv(path, kimg=0.01))
    assert [row["kimg"] for row in callbacks.read_history(path)] == [0.01, 0.02, 0.03]


def test_stop_at_ends_by_steps_or_by_seconds(gan):
    clock = callbacks.Clock()
    fit(gan, 50, clock, callbacks.StopAt(3, None, clock))
    assert int(gan.step.numpy()) == 3 and clock.seconds > 0
    late = callbacks.Clock(seconds=100.0)
    fit(gan, 50, late, callbacks.StopAt(None, 100.0, late))
    assert int(gan.step.numpy()) == 4


def test_steady_speed_leaves_the_first_step_of_each_fit_out(gan, monkeypatch):
    seconds = iter([0, 100, 100, 102, 102, 104, 200, 300, 300, 305])  # begin and end of each step
    monkeypatch.setattr(callbacks.time, "perf_counter", lambda: next(seconds))
    clock = callbacks.Clock()
    fit(gan, 3, clock)
    assert (clock.seconds, clock.steady) == (104, (20, 4))
    again = callbacks.Clock(clock.seconds, list(clock.steady))
    fit(gan, 2, again)
    assert (again.seconds, again.steady) == (209, (30, 9))


@pytest.mark.usefixtures("hangup_ends")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP])
def test_signal_ends_after_the_step_and_handlers_come_back(gan, number):
    before = signal.getsignal(number)
    stop = callbacks.StopOnSignal()
    send = callbacks.ScoreEvery(lambda model: os.kill(os.getpid(), number) or {}, kimg=0.02)
    fit(gan, 50, send, stop)
    assert stop.received == signal.Signals(number).name and int(gan.step.numpy()) == 2
    assert signal.getsignal(number) is before


@pytest.mark.usefixtures("hangup_ends")
def test_hangup_that_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert callbacks.stopping_signals() == [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1]
    finally:
        signal.signal(signal.SIGHUP, before)
    assert callbacks.stopping_signals() == [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP]


def test_second_signal_ends_at_once():
    stop = callbacks.StopOnSignal()
    stop._note(signal.SIGINT, None)
    with pytest.raises(KeyboardInterrupt):
        stop._note(signal.SIGINT, None)


def test_kimg_must_be_above_zero(tmp_path):
    with pytest.raises(checks.UserError, match="`kimg` must be a number above 0"):
        callbacks.SampleGrid(tmp_path, kimg=0)
