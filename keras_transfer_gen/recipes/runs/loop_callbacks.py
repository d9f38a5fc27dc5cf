"""Keras callbacks of a run's training loop: guard against divergence, checkpoints, progress bar."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs.rollback import Diverged
from keras_transfer_gen.recipes.runs.workers import Workers
from keras_transfer_gen.training.checkpoint_folders import latest_checkpoint

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.training.callbacks import Clock, ScoreEvery, StopOnSignal


CHECKPOINT_SECONDS = 60.0


class SignalStop(Exception):
    """Leaves `fit` at once after a signal: the scores and sheets that it would end with can wait, a killer may not.

    Args:
        saved: whether there was room for the last checkpoint.
    """

    def __init__(self, saved: bool) -> None:
        super().__init__()
        self.saved = saved


class Guard(keras.callbacks.Callback):
    """Raises `Diverged` where numbers are no longer finite, before the last good checkpoint is replaced."""

    def __init__(self) -> None:
        super().__init__()
        self._before = {}  # the losses of the last step

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        values = {name: float(value) for name, value in (logs or {}).items()}
        for name, value in values.items():
            if not math.isfinite(value):
                raise Diverged(f"{name} is {value}", self._before)
        self._before = values

    def check_weights(self) -> None:
        """Raises `Diverged` where a weight is not finite; the loss of the next step would tell, after saving."""
        for part in (self.model, *self.model.list_optimizers()):
            for variable in part.variables:
                if variable.dtype.startswith(("float", "bfloat")) and not np.isfinite(variable.numpy()).all():
                    raise Diverged(f"the weight {variable.path} is not finite", self._before)


class Saver(keras.callbacks.Callback):
    """Saves the whole training once a minute and at a signal; must come after `StopAt` and before `StopOnSignal`.

    Args:
        training: `Training`.
        out: the RUN folder.
        clock: `Clock` of the training.
        scores: `ScoreEvery` of the training, or None.
        signals: `StopOnSignal` of the training.
        guard: `Guard`, which looks at the weights before they are saved.
        workers: `Workers` of the run, of which the first one saves; None for a process alone.
    """

    def __init__(
        self,
        training: Training,
        out: PathLike,
        clock: Clock,
        scores: ScoreEvery | None,
        signals: StopOnSignal,
        guard: Guard,
        workers: Workers | None = None,
    ) -> None:
        super().__init__()
        self.training, self.out, self.clock, self.scores = training, out, clock, scores
        self.signals, self.guard, self.workers = signals, guard, workers or Workers()
        self.every = checkpoint_seconds()
        self._last, self._begun = time.monotonic(), False

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if not self._begun and latest_checkpoint(self.training.branch.checkpoints) is None:
            self.save()  # a training that diverges before its first minute is over has somewhere to go back to
        self._begun = True

    def save(self) -> bool:
        """Writes a checkpoint now; returns whether there was room for it (bool)."""
        if not self.workers.is_chief:
            return True
        try:
            self.guard.check_weights()
        except Diverged:
            if self.workers.cluster.size == 1:
                raise
            return False  # the losses of the next step tell all workers
        self.guard.check_weights()
        self.note_progress()
        saved = self.training.save(self.out)
        self._last = time.monotonic()
        return saved

    def note_progress(self) -> None:
        """Gives the training the seconds and scores so far."""
        self.training.seconds, self.training.steady = self.clock.seconds, self.clock.steady
        if self.scores is not None:
            self.training.records = self.scores.records

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.model.stop_training:
            return  # the budget is reached: saved after the last score, since a step is saved only once
        if self.signals.received:
            raise SignalStop(self.save())
        if time.monotonic() - self._last >= self.every:
            self.save()


def checkpoint_seconds() -> float:
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

    def __init__(self, tick: Callable[..., Any], clock: Clock, kimg: float, minutes: float | None) -> None:
        super().__init__()
        self.tick, self.clock, self.kimg, self.minutes = tick, clock, kimg, minutes
        self._start: tuple[float, float] | None = None  # kimg and seconds after the first step

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
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
