"""What tests of whole runs share: signals at chosen moments, weights of a run, determinism that ends with the test."""

import contextlib
import os
import signal

import keras
import numpy as np
import pytest

from keras_transfer_gen import files
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


@pytest.fixture(scope="session")
def leave_exports_out():
    """Function: makes a `pytest.MonkeyPatch` end runs without their exports and film, which take seconds each.

    For runs whose exports nobody looks at; test_finalize.py, test_pretrain.py and others look at those of like runs.
    """

    def patch_exports(patch):
        from keras_transfer_gen.recipes.report import sheets
        from keras_transfer_gen.recipes.training import finalize
        from keras_transfer_gen.recipes.training.gan import family as gan
        from keras_transfer_gen.recipes.training.vae import family as vae
        from keras_transfer_gen.recipes.training.vq import family as vq

        def write_nothing(model, path, **options):
            path.mkdir(parents=True, exist_ok=True)

        patch.setattr(finalize, "export_saved_model", write_nothing)
        patch.setattr(sheets, "write_film", lambda path, frames: files.write_bytes(path, b""))
        patch.setattr(gan, "export_tflite", lambda model, path: files.write_bytes(path, b""))
        for family in (vae, vq):
            patch.setattr(family, "export_parts", lambda model, folder: None)

    return patch_exports


@pytest.fixture
def no_exports(monkeypatch, leave_exports_out):
    """Runs of one test, or of the rest of it, end without exports; see `leave_exports_out`."""
    leave_exports_out(monkeypatch)


@pytest.fixture
def deterministic():
    """Takes back what `--deterministic` sets for the whole process; TensorFlow has no public way."""
    yield
    from tensorflow.python.framework import config

    config.disable_op_determinism()


@pytest.fixture
def vq():
    """A new `VQVAE` of 32 px with 16 codes and a prior without classes."""
    from keras_transfer_gen.recipes.settings.vq import PretrainVqSettings
    from keras_transfer_gen.recipes.training.vq import models

    settings = PretrainVqSettings(
        data="photos", out="run", image_size=32, codes=16, max_channels=8, min_channels=4, prior_width=12,
        prior_depth=1,
    )  # fmt: skip
    vq = models.new_model(settings, [])
    vq.quantizer.codebook.assign(np.random.default_rng(0).normal(size=(16, 32)))
    return vq
