import os
import signal

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.dcgan import build_dcgan
from keras_transfer_gen.training import callbacks
from keras_transfer_gen.training.gan import GAN

DATA = tf.data.Dataset.from_tensors(np.zeros((10, 32, 32, 3), np.uint8)).repeat()


@pytest.fixture(scope="module")
def shared_gan():
    gan = GAN(*build_dcgan(32, latent_dim=4, width=4, least_width=4))
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_after_the_step_and_handlers_come_back(gan, number):
    before = signal.getsignal(number)
    stop = callbacks.StopOnSignal()
    send = callbacks.ScoreEvery(lambda model: os.kill(os.getpid(), number) or {}, kimg=0.02)
    fit(gan, 50, send, stop)
    assert stop.received == signal.Signals(number).name and int(gan.step.numpy()) == 2
    assert signal.getsignal(number) is before


def test_second_signal_ends_at_once():
    stop = callbacks.StopOnSignal()
    stop._note(signal.SIGINT, None)
    with pytest.raises(KeyboardInterrupt):
        stop._note(signal.SIGINT, None)


def test_kimg_must_be_above_zero(tmp_path):
    with pytest.raises(checks.UserError, match="`kimg` must be a number above 0"):
        callbacks.SampleGrid(tmp_path, kimg=0)
