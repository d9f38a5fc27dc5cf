"""One training inside a run: from its latest checkpoint to its budget, saving on the way and when interrupted."""

import contextlib
import dataclasses
import math
import os
import time

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.data.batches import stream_images
from keras_transfer_gen.objectives.penalties import R1
from keras_transfer_gen.training import callbacks, distribution, precision
from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from keras_transfer_gen.transfer.saved_model.files import beside

CHECKPOINT_SECONDS = 60.0
MEASURES = 5  # scores on the learning curve of one call
SHEETS = 20  # contact sheets of one call
SHOWN = 36  # images on a sheet that is shown


@dataclasses.dataclass
class Training:
    """A `GAN` in training with what the run noted about it.

    Args:
        gan: compiled `GAN`.
        seconds: spent in training steps so far.
        steady: (images, seconds) of the steps so far without the first of each call, in which TensorFlow gets ready.
        records: scores on the way, dicts with "kimg" and "kid".
    """

    gan: object
    seconds: float = 0.0
    steady: tuple = (0, 0.0)
    records: list = dataclasses.field(default_factory=list)

    @property
    def images_per_second(self):
        """Mean speed of the training steps without the first of each call, or None where there were no others."""
        images, seconds = self.steady
        return images / seconds if seconds else None

    def state(self):
        """What a checkpoint keeps beside the GAN: a JSON-ready dict."""
        return {"seconds": self.seconds, "steady": list(self.steady), "records": self.records}


def prepare_tensorflow(settings):
    """Seeds, determinism and devices of a run; returns the distribution strategy. Call it before any other work."""
    strategy = distribution.choose_strategy(settings.devices)
    distribution.check_global_batch(settings.batch_size, strategy)
    keras.utils.set_random_seed(settings.seed)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    return strategy


def compile_gan(gan, settings, rates=None):
    """Compiles a GAN as the settings say, or with the given (generator's, discriminator's) learning rate."""
    g_rate, d_rate = rates or _rates(settings)
    adam = {"beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8}
    gan.compile(
        objective=settings.objective,
        penalty=R1(settings.r1_gamma, settings.r1_interval) if settings.penalty == "r1" else settings.penalty,
        augment=settings.augment,
        g_optimizer=keras.optimizers.Adam(g_rate, **adam),
        d_optimizer=keras.optimizers.Adam(d_rate, **adam),
        ema_halflife_kimg=settings.ema_halflife_kimg,
        seed=settings.seed,
    )


def _rates(settings):
    """(generator's, discriminator's) learning rate."""
    return settings.generator_rate, settings.learning_rate


def resume_or(make, folder, strategy, settings, rates=None):
    """The training of the latest checkpoint in `folder`, or the one that `make()` gives where there is none."""
    with strategy.scope():
        latest = latest_checkpoint(folder)
        if latest is None:
            return Training(make())
        with beside(latest):
            gan, state = load_checkpoint(latest)
        gan.g_optimizer.learning_rate, gan.d_optimizer.learning_rate = rates or _rates(settings)
        gan.ema_halflife_kimg = settings.ema_halflife_kimg
        if settings.penalty == "r1":
            gan.penalty.gamma = settings.r1_gamma
        return Training(gan, state["seconds"], tuple(state.get("steady", (0, 0.0))), state["records"])


def keep(training, folder, settings):
    """Saves a training as the next checkpoint in `folder`; what lies in its RUN is named relative to that."""
    with beside(settings.out):
        save_checkpoint(training.gan, folder, training.state())


def train(training, image_set, settings, folder, *, kimg, minutes, arithmetic, score, history, samples, label, reporter):
    """Trains until the budget is reached; a call on a finished training does nothing.

    Args:
        training: `Training`, changed in place.
        images: `data.ImageSet` to learn.
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
        Interrupted: after SIGINT, SIGTERM or SIGHUP, once everything is saved.
        UserError: where a loss or a weight is no longer finite, or the memory is too small for a batch; the last
            checkpoint stays.
    """
    gan, batch = training.gan, settings.batch_size
    steps = math.ceil((kimg - gan.kimg) * 1000 / batch - 1e-9)
    if steps <= 0 or (minutes is not None and training.seconds >= minutes * 60):
        return
    total = gan.kimg + steps * batch / 1000  # whole batches
    stream = stream_images(image_set, batch, balance=settings.balance, seed=settings.seed)
    for network in gan.roles.values():
        precision.set_precision(network, arithmetic)
    clock = callbacks.Clock(training.seconds, training.steady)
    stopped = callbacks.StopOnSignal()
    guard = _Guard(settings, folder)
    parts = [clock, guard, callbacks.HistoryCsv(history, kimg=max(kimg / 200, batch / 1000))]
    scored = None
    if score is not None:
        measure = score if samples is None else _shown(score, reporter)
        scored = callbacks.ScoreEvery(measure, settings.evaluate_every_kimg or kimg / MEASURES, training.records, False)
        parts.append(scored)
    if samples is not None:
        parts.append(callbacks.SampleGrid(samples, kimg / SHEETS))
    stop = callbacks.StopAt(int(gan.step.numpy()) + steps, None if minutes is None else minutes * 60, clock)
    save = _Saver(training, folder, clock, scored, stopped, guard, settings)
    hint = "Give the same command {} to continue.".format("without --overwrite" if settings.overwrite else "again")
    with reporter.progress(label, total, "kimg") as tick:
        parts += [_Bar(tick, clock, total, minutes), stop, save, stopped]
        try:
            with enough_memory(settings):
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


@contextlib.contextmanager
def enough_memory(settings):
    """Turns TensorFlow's long words about a lack of memory into a line that says what to do."""
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        hint = "What was saved stays: give the same command with a smaller --batch-size (batch_size=)."
        expected = "small enough for the memory of this machine, which ran out"
        raise checks.user_error("batch_size", expected, settings.batch_size, hint) from error


def optimizers(model):
    """The Keras optimizers of a `GAN`, the generator's and the discriminator's, or the one of a `VAE`."""
    return [model.optimizer] if model.spec.family == "vae" else [model.g_optimizer, model.d_optimizer]


class _Guard(keras.callbacks.Callback):
    """Ends a training whose numbers are no longer finite, before its last good checkpoint is replaced."""

    def __init__(self, settings, folder):
        super().__init__()
        self.settings, self.folder = settings, folder

    def on_train_batch_end(self, batch, logs=None):
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                self._refuse(f"{name} is {float(value)}")

    def check_weights(self):
        """Raises a `UserError` where a weight is not finite; the loss of the next step would tell, after saving."""
        for part in (self.model, *optimizers(self.model)):
            for variable in part.variables:
                if variable.dtype.startswith(("float", "bfloat")) and not np.isfinite(variable.numpy()).all():
                    self._refuse(f"the weight {variable.path} is not finite")

    def _refuse(self, what):
        latest = latest_checkpoint(self.folder)
        kept = "Nothing was saved before it" if latest is None else f"The last good checkpoint stays ({latest.name})"
        adversarial, ways = self.model.spec.family == "gan", []
        if adversarial and self.settings.penalty == "r1":
            ways.append(f"raise --r1-gamma (now {self.settings.r1_gamma:g})")
        rate = float(optimizers(self.model)[-1].learning_rate)
        if math.isclose(rate, self.settings.learning_rate, rel_tol=1e-3):  # from scratch has a rate of its own
            ways.insert(0, f"lower --learning-rate (now {rate:g})")
        last = "choose another --objective and --penalty, with --overwrite" if adversarial else "with --overwrite"
        way = " or ".join(ways) or last
        raise checks.UserError(
            f"the training diverged at {self.model.kimg:.2f} kimg: {what}. {kept}. "
            f"Give the same command again, but {way}."
        )


class _Saver(keras.callbacks.Callback):
    """Saves the whole training once a minute and at a signal; must come after `StopAt` and before `StopOnSignal`."""

    def __init__(self, training, folder, clock, scored, stopped, guard, settings):
        super().__init__()
        self.training, self.folder, self.clock, self.scored, self.stopped = training, folder, clock, scored, stopped
        self.guard, self.settings = guard, settings
        self.every = checkpoint_seconds()
        self._last = time.monotonic()

    def now(self):
        self.guard.check_weights()
        self.training.seconds, self.training.steady = self.clock.seconds, self.clock.steady
        if self.scored is not None:
            self.training.records = self.scored.records
        keep(self.training, self.folder, self.settings)
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
