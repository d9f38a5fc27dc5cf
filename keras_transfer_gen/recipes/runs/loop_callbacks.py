"""Keras callbacks of a run's training loop: guard against divergence, checkpoints, progress bar."""

import math
import os
import time

import keras
import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.training.checkpoint import latest_checkpoint

CHECKPOINT_SECONDS = 60.0


class SignalStop(Exception):
    """Leaves `fit` at once after a signal: the scores and sheets that it would end with can wait, a killer may not."""


class Guard(keras.callbacks.Callback):
    """Ends a training whose numbers are no longer finite, before its last good checkpoint is replaced.

    Args:
        run: `Run`; its family advises what to change.
        checkpoints: folder of the training's checkpoints.
    """

    def __init__(self, run, checkpoints):
        super().__init__()
        self.run, self.checkpoints = run, checkpoints

    def on_train_batch_end(self, batch, logs=None):
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                self._stop(f"{name} is {float(value)}")

    def check_weights(self):
        """Raises a `UserError` where a weight is not finite; the loss of the next step would tell, after saving."""
        for part in (self.model, *self.model.list_optimizers()):
            for variable in part.variables:
                if variable.dtype.startswith(("float", "bfloat")) and not np.isfinite(variable.numpy()).all():
                    self._stop(f"the weight {variable.path} is not finite")

    def _stop(self, reason):
        latest = latest_checkpoint(self.checkpoints)
        kept = "Nothing was saved before it" if latest is None else f"The last good checkpoint stays ({latest.name})"
        settings, family = self.run.resolved, self.run.family
        rate = float(self.model.list_optimizers()[-1].learning_rate)
        steps = list(family.divergence_steps(settings))
        if math.isclose(rate, settings.learning_rate, rel_tol=1e-3):  # from scratch has a rate of its own
            steps.insert(0, f"lower --learning-rate (now {rate:g})")
        raise checks.UserError(
            f"the training diverged at {self.model.kimg:.2f} kimg: {reason}. {kept}. "
            f"Give the same command again, but {' or '.join(steps) or family.divergence_last_step}."
        )


class Saver(keras.callbacks.Callback):
    """Saves the whole training once a minute and at a signal; must come after `StopAt` and before `StopOnSignal`.

    Args:
        training: `Training`.
        out: the RUN folder.
        clock: `Clock` of the training.
        scores: `ScoreEvery` of the training, or None.
        signals: `StopOnSignal` of the training.
        guard: `Guard`, which looks at the weights first.
    """

    def __init__(self, training, out, clock, scores, signals, guard):
        super().__init__()
        self.training, self.out, self.clock, self.scores = training, out, clock, scores
        self.signals, self.guard = signals, guard
        self.every = checkpoint_seconds()
        self._last = time.monotonic()

    def save(self):
        """Writes a checkpoint now."""
        self.guard.check_weights()
        self.training.seconds, self.training.steady = self.clock.seconds, self.clock.steady
        if self.scores is not None:
            self.training.records = self.scores.records
        self.training.save(self.out)
        self._last = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if self.model.stop_training:
            return  # the budget is reached: saved after the last score, since a step is saved only once
        if self.signals.received:
            self.save()
            raise SignalStop
        if time.monotonic() - self._last >= self.every:
            self.save()


def checkpoint_seconds():
    """Seconds from one checkpoint to the next: $KTG_CHECKPOINT_SECONDS, or a minute; 0 is every step."""
    text = os.environ.get("KTG_CHECKPOINT_SECONDS", CHECKPOINT_SECONDS)
    try:
        return checks.check_number("KTG_CHECKPOINT_SECONDS", float(text))
    except ValueError as error:
        raise checks.user_error("KTG_CHECKPOINT_SECONDS", "a number of seconds of at least 0", text) from error


class ProgressBar(keras.callbacks.Callback):
    """Feeds a progress bar: kimg done and images a second, without the first step, which TensorFlow traces.

    Args:
        tick: function `(done, total, note)` of the bar.
        clock: `Clock` of the training.
        kimg: where the training ends.
        minutes: bound on the training time, or None.
    """

    def __init__(self, tick, clock, kimg, minutes):
        super().__init__()
        self.tick, self.clock, self.kimg, self.minutes = tick, clock, kimg, minutes
        self._start = None

    def on_train_batch_end(self, batch, logs=None):
        done, seconds = self.model.kimg, self.clock.seconds
        if self._start is None:
            self._start = (done, seconds)
            self.tick(done, self.kimg, "")
            return
        speed = 1000 * (done - self._start[0]) / max(seconds - self._start[1], 1e-9)
        total = self.kimg
        if self.minutes is not None:
            total = min(total, done + max(self.minutes * 60 - seconds, 0.0) * speed / 1000)
        self.tick(done, total, f"{speed:.0f} images/s")
