"""Keras callbacks that act by images shown, not by epochs."""

from __future__ import annotations

import abc
import csv
import io
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from keras_transfer_gen import checks, files, pixels
from keras_transfer_gen.training.class_sheets import draw_sheet
from keras_transfer_gen.training.distribution import has_workers
from keras_transfer_gen.worker_cluster import read_cluster

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


STOPPING = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP")  # the signals that ask a training to end


class EveryKimg(keras.callbacks.Callback, abc.ABC):
    """Calls `act` whenever another `kimg` thousand images were shown, and once when training ends.

    Args:
        kimg: thousands of real images from one call to the next.

    Attributes:
        on_no_room: function that is called with the `OSError` where `act` finds the disk full; None raises it.
    """

    on_no_room: Callable[[OSError], Any] | None = None

    def __init__(self, kimg: float = 1.0) -> None:
        super().__init__()
        # In whole images: multiples of a float such as 0.01 are missed by rounding.
        self.every = max(round(1000 * checks.check_number("kimg", kimg, above=True)), 1)
        self._done: Any = None  # images shown at the last call

    @abc.abstractmethod
    def act(self, kimg: float, logs: dict[str, Any]) -> None:
        """Does the work.

        Args:
            kimg: thousands of images shown so far.
            logs: dict of the running means of the losses.
        """

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._done = self._seen()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self._seen() // self.every > self._done // self.every:
            self._call(logs)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if self._seen() > self._done:
            self._call(logs)

    def _seen(self) -> int:
        return int(self.model.images_seen.numpy())

    def _call(self, logs: dict[str, Any]) -> None:
        self._done = self._seen()
        try:
            self.act(self.model.kimg, {name: float(value) for name, value in (logs or {}).items()})
        except OSError as error:
            if self.on_no_room is None or not files.is_no_room(error):
                raise
            self.on_no_room(error)


class SampleGrid(EveryKimg):
    """Writes a contact sheet of the same images again and again, as `folder/samples/<kimg>.png`.

    Where the model has classes, each has a row with its name.

    Args:
        folder: the run's folder.
        kimg: thousands of images from one sheet to the next.
        num: images on a sheet.
        seed: of their latents.
        show: optional function that is given each sheet, uint8 `[H, W, C]`.

    Example:
        >>> gan.fit(images, epochs=5, callbacks=[SampleGrid("runs/cats", kimg=1.0)])  # doctest: +SKIP
    """

    def __init__(
        self,
        folder: PathLike,
        kimg: float = 1.0,
        num: int = 36,
        seed: int = 0,
        show: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(kimg)
        self.folder = Path(folder) / "samples"
        self.num, self.seed, self.show = num, seed, show

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        if self.model.kimg == 0:
            self._call({})

    def act(self, kimg: float, logs: dict[str, Any]) -> None:
        if not writes_files(self.model):
            return
        sheet = draw_sheet(self.model, self.num, self.seed)
        files.write_bytes(self.folder / f"{kimg:09.3f}kimg.png", pixels.to_png(sheet))
        if self.show is not None:
            self.show(sheet)


class ScoreEvery(EveryKimg):
    """Calls a function on the model every few kimg and keeps what it returns.

    The latest values also stand in the logs of every epoch, so that `History`, `CSVLogger`, `EarlyStopping` and
    `ModelCheckpoint` (with `mode="min"` for distances) see them under their names; put those after this one in the list
    of callbacks. An epoch without a new score carries the last one on, so a patience counts epochs, not scores.

    Args:
        score: function `gan -> dict of float`.
        kimg: thousands of images from one call to the next.
        records: scores of earlier parts of the same training.
        every_epoch: whether the logs of every epoch have a score: the first epoch and the last then end with one. With
            False, there is none before the first is due.

    Attributes:
        records: list of dicts, each with "kimg" and the function's values.

    Example:
        >>> scores = ScoreEvery(lambda gan: {"mean": float(gan.generate(4, seed=0).mean())}, kimg=5)  # doctest: +SKIP
        >>> gan.fit(images, epochs=20, callbacks=[scores])  # doctest: +SKIP
    """

    def __init__(
        self,
        score: Callable[..., Any],
        kimg: float = 5.0,
        records: Sequence[dict[str, float]] = (),
        every_epoch: bool = True,
    ) -> None:
        super().__init__(kimg)
        self.score = score
        self.records = list(records)
        self.every_epoch = every_epoch

    def act(self, kimg: float, logs: dict[str, Any]) -> None:
        self.records.append({"kimg": kimg, **self.score(self.model)})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        is_due = not self.records or epoch + 1 == self.params.get("epochs")
        if self.every_epoch and is_due and self._seen() > self._done:
            self._call(logs)
        if logs is not None and self.records:
            logs.update({name: value for name, value in self.records[-1].items() if name != "kimg"})


class HistoryCsv(EveryKimg):
    """Writes the means of the losses since the last row to a CSV file, which is whole at any moment.

    A continued run drops rows of steps that it repeats.

    Args:
        path: of the CSV file.
        kimg: thousands of images from one row to the next.
    """

    def __init__(self, path: PathLike, kimg: float = 0.25) -> None:
        super().__init__(kimg)
        self.path = Path(path)
        self.rows = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        rows = read_history(self.path) if self.path.exists() else []
        self.rows = [row for row in rows if row["kimg"] <= self.model.kimg]

    def act(self, kimg: float, logs: dict[str, Any]) -> None:
        self.rows.append({"kimg": kimg, **logs})
        self.model.reset_metrics()  # each row is the mean of its own steps; a continued run has no jump in its curve
        if not writes_files(self.model):
            return
        text = io.StringIO()
        names = dict.fromkeys(name for row in self.rows for name in row)  # parts of a model have their own losses
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in self.rows)
        files.write_text(self.path, text.getvalue())


def writes_files(model: keras.Model) -> bool:
    """Whether callbacks of this process write files: of several workers, those of the first one do."""
    return not has_workers(model.distribute_strategy) or read_cluster().is_chief


def read_history(path: PathLike) -> list[dict[str, float]]:
    """The rows of a file of `HistoryCsv`: list of dicts of float."""
    with open(path, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [{name: float(value) for name, value in row.items() if value} for row in rows]


class Clock(keras.callbacks.Callback):
    """Measures the seconds spent in training steps alone.

    Args:
        seconds: what earlier parts of the same training took.
        steady: (images, seconds) of earlier parts, without the first step of each.

    Attributes:
        seconds: of all steps.
        steady: (images, seconds) of all steps but the first of each `fit`, in which TensorFlow gets ready.
    """

    def __init__(self, seconds: float = 0.0, steady: Sequence[float] = (0, 0.0)) -> None:
        super().__init__()
        self.seconds = seconds
        self.steady: tuple[float, float] = (steady[0], steady[1])
        self._start = 0.0
        self._seen: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._seen = None

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        seen = int(self.model.images_seen.numpy())  # also waits for the step to end
        spent = time.perf_counter() - self._start
        self.seconds += spent
        if self._seen is not None:
            self.steady = (self.steady[0] + seen - self._seen, self.steady[1] + spent)
        self._seen = seen


class AgreedStop(keras.callbacks.Callback, abc.ABC):
    """Ends training for a reason that one process alone knows, such as its clock.

    Where several workers train together, all of them must stop at the same step: each tells what it wishes with the
    next step, and acts on what all of them hear.

    Attributes:
        shared: whether there are other workers.
    """

    shared = False

    @abc.abstractmethod
    def wishes(self) -> list[float]:
        """List of float, always of the same length: 1 for a reason to stop that there is, else 0."""

    @abc.abstractmethod
    def hear(self, wishes: list[float]) -> None:
        """Takes note of the sum of all workers' `wishes()`, a list of float."""


class StopAt(AgreedStop):
    """Ends training after a number of steps or of training seconds, whichever comes first.

    Args:
        steps: number of the step to stop at, or None.
        seconds: training seconds by `clock`, or None.
        clock: the `Clock` of the same training; it must come earlier in the list of callbacks.
    """

    def __init__(self, steps: int | None, seconds: float | None, clock: Clock) -> None:
        super().__init__()
        self.steps, self.seconds, self.clock = steps, seconds, clock
        self._late = False

    def wishes(self) -> list[float]:
        return [float(self._is_late())]

    def hear(self, wishes: list[float]) -> None:
        self._late = wishes[0] > 0

    def _is_late(self) -> bool:
        return self.seconds is not None and self.clock.seconds >= self.seconds

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        late = self._late if self.shared else self._is_late()
        if late or (self.steps is not None and int(self.model.step.numpy()) >= self.steps):
            self.model.stop_training = True


class StopOnSignal(AgreedStop):
    """Ends training after the current step on a signal, so that it can be saved; a second one ends at once.

    The signals are SIGINT, SIGTERM, SIGUSR1 (Slurm's warning before a job's time is up) and SIGHUP (a closed terminal;
    not on Windows, nor where `nohup` ignores it).

    Attributes:
        received: the signal's name, or "" where none came; of several workers, where any of them got one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.received = ""
        self._noted = ""
        self._before = {}

    def wishes(self) -> list[float]:
        return [float(self._noted == name) for name in STOPPING]

    def hear(self, wishes: list[float]) -> None:
        self.received = self.received or next((name for name, sum_ in zip(STOPPING, wishes, strict=True) if sum_), "")

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        for number in stopping_signals():
            self._before[number] = signal.signal(number, self._note)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.received:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.restore()

    def restore(self) -> None:
        """Puts back the handlers that were there before training; harmless when called twice."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number: Any, frame: Any) -> None:
        if self._noted:
            raise KeyboardInterrupt
        self._noted = signal.Signals(number).name
        if not self.shared:
            self.received = self._noted


def stopping_signals() -> list[Any]:
    """The signals that ask a training to end: SIGINT, SIGTERM, SIGUSR1, and SIGHUP unless it is ignored."""
    known = [signal.Signals[name] for name in STOPPING if name in signal.Signals.__members__]
    return [n for n in known if n.name != "SIGHUP" or signal.getsignal(n) is not signal.SIG_IGN]
