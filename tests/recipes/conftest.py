"""What tests of whole runs share: signals at chosen moments, weights of a run, determinism that ends with the test."""

import contextlib
import os
import signal

import keras
import pytest

from keras_transfer_gen.recipes.report.reporter import Reporter


class Scripted(Reporter):
    """Sends a signal to this process at chosen moments and keeps what it is told.

    Args:
        at: thousands of images at which the signal comes, or None.
        label: only while this is done; "" for any work.
        number: the signal.
        times: how often it comes; the second one ends at once, without saving, as a killed process does.
    """

    def __init__(self, at=None, label="", number=signal.SIGINT, times=1):
        self.at, self.label, self.number, self.times = at, label, number, times
        self.lines, self.ticks, self.sheets = [], [], []

    def say(self, line):
        self.lines.append(line)

    def show(self, sheet):
        self.sheets.append(sheet)

    def _note(self, label, done, total, note):
        self.ticks.append((label, done, total, note))
        if self.at is not None and self.label in label and done >= self.at - 1e-9:
            self.at = None
            for _ in range(self.times):
                os.kill(os.getpid(), self.number)

    @contextlib.contextmanager
    def progress(self, label, total, unit=""):
        yield lambda done, total=total, note="": self._note(label, done, total, note)

    def counter(self, label):
        return lambda done, total: self._note(label, done, total, "")


@pytest.fixture
def scripted():
    """The class `Scripted`."""
    return Scripted


@pytest.fixture
def everything_of():
    """Function: folder of checkpoints -> every array that a training consists of, weights and optimizers."""
    from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint
    from keras_transfer_gen.transfer.saved_model.files import beside

    def read(folder):
        with beside(latest_checkpoint(folder)):
            gan, _ = load_checkpoint(latest_checkpoint(folder))
        parts = (gan, gan.g_optimizer, gan.d_optimizer)
        return [keras.ops.convert_to_numpy(variable) for part in parts for variable in part.variables]

    return read


@pytest.fixture
def deterministic():
    """Takes back what `--deterministic` sets for the whole process; TensorFlow has no public way."""
    yield
    from tensorflow.python.framework import config

    config.disable_op_determinism()
