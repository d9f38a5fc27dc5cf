"""One training inside a run: from its latest checkpoint to its budget, saving on the way and when interrupted."""

import dataclasses
import math
import os
import time

import keras
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.data.batches import stream_pictures
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.training import callbacks, distribution, precision
from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint

CHECKPOINT_SECONDS = 60.0
MEASURES = 5  # scores on the learning curve of one call
SHEETS = 20  # contact sheets of one call
SHOWN = 36  # pictures on a sheet that is shown


@dataclasses.dataclass
class Training:
    """A `GAN` in training with what the run noted about it.

    Args:
        gan: compiled `GAN`.
        seconds: spent in training steps so far.
        records: scores on the way, dicts with "kimg" and "kid".
    """

    gan: object
    seconds: float = 0.0
    records: list = dataclasses.field(default_factory=list)

    @property
    def images_per_second(self):
        """Mean speed of the training steps, or None before the first."""
        return self.gan.kimg * 1000 / self.seconds if self.seconds else None


def prepare_tensorflow(settings):
    """Seeds, determinism and devices of a run; returns the distribution strategy. Call it before any other work."""
    strategy = distribution.choose_strategy(settings.devices)
    distribution.check_global_batch(settings.batch_size, strategy)
    keras.utils.set_random_seed(settings.seed)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    return strategy


def compile_gan(gan, settings, learning_rate=None):
    """Compiles a GAN as the settings say."""
    rate = learning_rate or settings.learning_rate
    adam = {"learning_rate": rate, "beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8}
    gan.compile(
        objective=settings.objective,
        penalty=R1(settings.r1_gamma, settings.r1_every) if settings.penalty == "r1" else settings.penalty,
        augment=settings.augment,
        g_optimizer=keras.optimizers.Adam(**adam),
        d_optimizer=keras.optimizers.Adam(**adam),
        ema_halflife_kimg=settings.ema_halflife_kimg,
        seed=settings.seed,
    )


def resume_or(make, folder, strategy, settings, learning_rate=None):
    """The training of the latest checkpoint in `folder`, or the one that `make()` gives where there is none."""
    with strategy.scope():
        latest = latest_checkpoint(folder)
        if latest is None:
            return Training(make())
        gan, state = load_checkpoint(latest)
        for optimizer in (gan.g_optimizer, gan.d_optimizer):
            optimizer.learning_rate = learning_rate or settings.learning_rate
        gan.ema_halflife_kimg = settings.ema_halflife_kimg
        if settings.penalty == "r1":
            gan.penalty.gamma = settings.r1_gamma
        return Training(gan, state["seconds"], state["records"])


def train(training, pictures, settings, folder, *, kimg, minutes, arithmetic, score, history, samples, label, reporter):
    """Trains until the budget is reached; a call on a finished training does nothing.

    Args:
        training: `Training`, changed in place.
        pictures: `data.Pictures` to learn.
        settings: `TrainSettings`.
        folder: where its checkpoints go.
        kimg: total thousands of images to stop at.
        minutes: total minutes of training steps to stop at, or None.
        arithmetic: "float32" or "bfloat16".
        score: function `gan -> dict`, called about `MEASURES` times, or None.
        history: path of the CSV of losses.
        samples: the RUN folder whose samples/ gets contact sheets, or None.
        label: of the progress bar.
        reporter: told of the progress.

    Raises:
        Interrupted: after SIGINT or SIGTERM, once everything is saved.
    """
    gan, batch = training.gan, settings.batch_size
    steps = math.ceil((kimg - gan.kimg) * 1000 / batch - 1e-9)
    if steps <= 0 or (minutes is not None and training.seconds >= minutes * 60):
        return
    total = gan.kimg + steps * batch / 1000  # whole batches
    stream = stream_pictures(pictures, batch, balance=settings.balance, seed=settings.seed)
    for network in gan.roles.values():
        precision.set_precision(network, arithmetic)
    clock = callbacks.Clock(training.seconds)
    stopped = callbacks.StopOnSignal()
    parts = [clock, callbacks.HistoryCsv(history, kimg=max(kimg / 200, batch / 1000))]
    scored = None
    if score is not None:
        measure = score if samples is None else _shown(score, reporter)
        scored = callbacks.ScoreEvery(measure, settings.evaluate_every_kimg or kimg / MEASURES, training.records)
        parts.append(scored)
    if samples is not None:
        parts.append(callbacks.SampleGrid(samples, kimg / SHEETS))
    stop = callbacks.StopAt(int(gan.step.numpy()) + steps, None if minutes is None else minutes * 60, clock)
    save = _Saver(training, folder, clock, scored, stopped)
    hint = "Give the same command {} to continue.".format("without --fresh" if settings.fresh else "again")
    with reporter.progress(label, total, "kimg") as tick:
        parts += [_Bar(tick, clock, total, minutes), stop, save, stopped]
        try:
            gan.fit(stream, epochs=10**6, callbacks=parts, verbose=0)
            save.now()
        except _Stopped:
            pass
        finally:
            stopped.restore()
    for network in gan.roles.values():
        precision.set_precision(network, "float32")
    if stopped.received:
        raise checks.Interrupted(f"{stopped.received}: saved at {gan.kimg:.2f} kimg in {settings.out}. {hint}")


def _shown(score, reporter):
    """`score`, which also shows a contact sheet."""

    def measure(gan):
        reporter.show(pixels.to_grid(gan.generate(SHOWN)))
        return score(gan)

    return measure


class _Stopped(Exception):
    """Leaves `fit` at once after a signal: the scores and sheets that it would end with can wait, a killer may not."""


class _Saver(keras.callbacks.Callback):
    """Saves the whole training once a minute and at a signal; must come after `StopAt` and before `StopOnSignal`."""

    def __init__(self, training, folder, clock, scored, stopped):
        super().__init__()
        self.training, self.folder, self.clock, self.scored, self.stopped = training, folder, clock, scored, stopped
        self.every = checkpoint_seconds()
        self._last = time.monotonic()

    def now(self):
        self.training.seconds = self.clock.seconds
        if self.scored is not None:
            self.training.records = self.scored.records
        state = {"seconds": self.training.seconds, "records": self.training.records}
        save_checkpoint(self.training.gan, self.folder, state)
        self._last = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if self.model.stop_training:
            return  # the budget is reached: saved after the last score, since a step is saved only once
        if self.stopped.received:
            self.now()
            raise _Stopped
        if time.monotonic() - self._last >= self.every:
            self.now()


def checkpoint_seconds():
    """Seconds from one checkpoint to the next: $KTG_CHECKPOINT_SECONDS, or a minute; 0 is every step."""
    text = os.environ.get("KTG_CHECKPOINT_SECONDS", CHECKPOINT_SECONDS)
    try:
        return checks.check_number("KTG_CHECKPOINT_SECONDS", float(text))
    except ValueError as error:
        raise checks.user_error("KTG_CHECKPOINT_SECONDS", "a number of seconds of at least 0", text) from error


class _Bar(keras.callbacks.Callback):
    """Feeds a progress bar: kimg done and images a second, the first step left out, in which TensorFlow gets ready."""

    def __init__(self, tick, clock, kimg, minutes):
        super().__init__()
        self.tick, self.clock, self.kimg, self.minutes = tick, clock, kimg, minutes
        self._begun = None

    def on_train_batch_end(self, batch, logs=None):
        done, seconds = self.model.kimg, self.clock.seconds
        if self._begun is None:
            self._begun = (done, seconds)
            self.tick(done, self.kimg, "")
            return
        speed = 1000 * (done - self._begun[0]) / max(seconds - self._begun[1], 1e-9)
        total = self.kimg
        if self.minutes is not None:
            total = min(total, done + max(self.minutes * 60 - seconds, 0.0) * speed / 1000)
        self.tick(done, total, f"{speed:.0f} images/s")
