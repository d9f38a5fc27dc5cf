"""One phase of a training: from where it stands to its budget, saving on the way and when interrupted."""

from __future__ import annotations

import contextlib
import functools
import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.data.batches import stream_images
from keras_transfer_gen.recipes.runs.loop_callbacks import Guard, ProgressBar, Saver, SignalStop
from keras_transfer_gen.recipes.runs.rollback import Diverged, go_back
from keras_transfer_gen.recipes.runs.run_folder import RunFolder, recorded
from keras_transfer_gen.training import callbacks, precision
from keras_transfer_gen.training.tensorboard_log import TensorBoardLog

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.runs.phases import Phase
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Branch, Training
    from keras_transfer_gen.recipes.settings.shared import RunSettings
    from keras_transfer_gen.training.callbacks import EveryKimg, ScoreEvery


LOSS_POINTS = 200  # on the curve of the losses
SHEETS = 10  # contact sheets of one call
SHEET_IMAGES = 36  # on a contact sheet
PREEMPTIONS = ("SIGTERM", "SIGUSR1")  # what a scheduler sends before it takes the machine away


def train(run: Run, training: Training, image_set: ImageSet, phase: Phase, minutes: float | None = None) -> None:
    """Trains until the phase's budget is reached; a call on a finished phase does nothing.

    Where the numbers are no longer finite, the training goes back to its last checkpoint, see `rollback.go_back`.

    Args:
        run: `Run`.
        training: `Training`, changed in place.
        image_set: `data.ImageSet` to learn.
        phase: `Phase`: label, total kimg, curve.
        minutes: total minutes of training steps to stop at, or None.

    Raises:
        Interrupted: after SIGINT, SIGTERM, SIGHUP or SIGUSR1, once everything is saved.
        UserError: where a loss or a weight is no longer finite again and again, or the memory is too small for a batch;
            the last checkpoint stays.
    """
    while not _is_over(training, phase, run.resolved.batch_size, minutes):
        try:
            _train(run, training, image_set, phase, minutes)
            return
        except Diverged as fault:
            go_back(run, training, fault)
        if phase.curve is not None:
            run.workers.from_chief(functools.partial(phase.curve.begin, training))  # as in a run that goes on there


def _is_over(training: Training, phase: Phase, batch_size: int, minutes: float | None) -> bool:
    late = minutes is not None and training.seconds >= minutes * 60
    return late or _steps(training, phase, batch_size) <= 0


def _steps(training: Training, phase: Phase, batch_size: int) -> int:
    """Steps that are left of a phase; whole batches."""
    return math.ceil((phase.kimg - training.model.kimg) * 1000 / batch_size - 1e-9)


def _train(run: Run, training: Training, image_set: ImageSet, phase: Phase, minutes: float | None) -> None:
    """`train` until its end or the first divergence."""
    model, branch, settings = training.model, training.branch, run.resolved
    batch = settings.batch_size
    steps = _steps(training, phase, batch)
    total = model.kimg + steps * batch / 1000  # whole batches
    labelled = settings.data_labels is not None
    stream = stream_images(image_set, batch, labels=labelled, balance=settings.balance, seed=settings.seed)
    for network in model.roles.values():
        precision.set_precision(network, run.notes["arithmetic"])
    clock = callbacks.Clock(training.seconds, training.steady)
    signals = callbacks.StopOnSignal()
    guard = Guard()
    history = callbacks.HistoryCsv(branch.history, kimg=max(phase.kimg / LOSS_POINTS, batch / 1000))
    parts = [clock, guard, _without_room(history, "history.csv", training, settings.out)]
    scores = None
    if phase.curve is not None and run.workers.is_chief:
        every = settings.evaluate_every_kimg or phase.curve.interval(phase.kimg)
        scores = callbacks.ScoreEvery(phase.curve, every, training.records, every_epoch=False)
        parts.append(scores)
        if branch.samples is not None:
            sheets = callbacks.SampleGrid(branch.samples, phase.kimg / SHEETS, SHEET_IMAGES, show=run.reporter.show)
            parts.append(_without_room(sheets, "a contact sheet", training, settings.out))
    if settings.tensorboard:
        parts.append(_tensorboard_log(settings, branch, phase.kimg, scores))
    stop = callbacks.StopAt(int(model.step.numpy()) + steps, None if minutes is None else minutes * 60, clock)
    saver, saved = Saver(training, settings.out, clock, scores, signals, guard, run.workers), True
    if not training.rollbacks:
        run.reporter.say("TensorFlow prepares the first step: seconds, or minutes with large networks")
    with run.reporter.progress(phase.label, total, "kimg") as tick:
        parts += [ProgressBar(tick, clock, total, minutes), stop, saver, signals]
        try:
            with memory_errors_on_one_line(settings.batch_size), warnings.catch_warnings():
                for category in run.family.ignored_warnings:
                    warnings.simplefilter("ignore", category)
                model.fit(stream, epochs=10**6, callbacks=parts, verbose=0)
            if run.workers.cluster.size > 1:
                run.workers.settle(signals)
                guard.check_weights()  # the same on all of them
            saved = saver.save()
        except SignalStop as stop:
            saved = stop.saved
        except Diverged:
            saver.note_progress()
            raise
        finally:
            signals.restore()
    for network in model.roles.values():
        precision.set_precision(network, "float32")
    if signals.received:
        raise _interrupted(signals.received, saved, model.kimg, settings)


def _interrupted(name: str, saved: bool, kimg: float, settings: RunSettings) -> checks.Interrupted:
    """The `Interrupted` after a signal: whether all is saved, and how to go on."""
    how = "without --overwrite" if settings.overwrite else "again"
    what = f"saved at {kimg:.2f} kimg" if saved else f"what was learnt up to {kimg:.2f} kimg is not saved"
    text = f"{name}: {what} in {settings.out}. Give the same command {how} to continue."
    return checks.Interrupted(text, preempted=saved and (name in PREEMPTIONS or settings.grace is not None))


def _without_room(callback: EveryKimg, what: str, training: Training, out: PathLike) -> EveryKimg:
    """An `EveryKimg` whose file is left out, which is said, where the disk is full."""

    def leave_out(error: OSError) -> None:
        training.say(f"the disk is full: {what} at {training.model.kimg:.2f} kimg is not written in {out}")

    callback.on_no_room = leave_out
    return callback


def _tensorboard_log(settings: RunSettings, branch: Branch, kimg: float, scores: ScoreEvery | None) -> TensorBoardLog:
    """The callback that writes for TensorBoard; the run from scratch has a folder of its own inside of the run's."""
    folder = RunFolder(settings.out).tensorboard
    folder = folder if branch.samples is not None else folder / "scratch"
    interval = max(kimg / LOSS_POINTS, settings.batch_size / 1000)
    sheets = SHEET_IMAGES if branch.samples is not None else 0
    return TensorBoardLog(folder, interval, kimg / SHEETS, sheets, hyperparameters=recorded(settings), scores=scores)


@contextlib.contextmanager
def memory_errors_on_one_line(batch_size: int) -> Iterator[None]:
    """Turns TensorFlow's long message about a lack of memory into a line that says what to do."""
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        hint = "What was saved stays: give the same command with a smaller --batch-size (batch_size=)."
        expected = "small enough for the memory of this machine, which ran out"
        raise checks.user_error("batch_size", expected, batch_size, hint) from error
