"""A training command at work in its RUN folder: what all its parts need to know, handed on as one object."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import keras
import tensorflow as tf

from keras_transfer_gen import files
from keras_transfer_gen.recipes.runs import run_lock
from keras_transfer_gen.recipes.runs.deadline import Deadline
from keras_transfer_gen.recipes.runs.file_system import check_file_system
from keras_transfer_gen.recipes.runs.follower_folder import FollowerFolder
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.runs.workers import Workers
from keras_transfer_gen.training import distribution
from keras_transfer_gen.training.callbacks import stopping_signals
from keras_transfer_gen.worker_cluster import read_cluster

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.settings.shared import RunSettings


S = TypeVar("S", bound="RunSettings")  # the settings of a command and family
# Measured at the first call, valid for the whole run.
KEPT_NOTES = ("arithmetic", "probe", "warmup_kimg", "class_start", "framing")


class Run(Generic[S]):
    """What one call of `fine_tune` or `pretrain` works with.

    Args:
        command: "finetune" or "pretrain".
        settings: what the user gave; config.json records it.
        family: the `recipes.training.family.Family` of the model.
        reporter: told of the progress.
        state: what `RunFolder.open` said: "start", "continue" or "finished".
        strategy: `tf.distribute.Strategy` to train under; None for a finished run.
        workers: `Workers` that train together; this process alone by default.

    Attributes:
        folder: `RunFolder`, paths and recorded state.
        resolved: the settings with every value that depends on the images filled in; the given ones until `resolve`.
    """

    def __init__(
        self,
        command: str,
        settings: S,
        family: Any,
        reporter: Any,
        state: str,
        strategy: tf.distribute.Strategy | None,
        workers: Workers | None = None,
    ) -> None:
        self.command, self.settings, self.family, self.reporter = command, settings, family, reporter
        self.state, self.strategy, self.workers = state, strategy, workers or Workers()
        self.folder = (RunFolder if self.workers.is_chief else FollowerFolder)(settings.out)
        self.resolved = settings
        self._images: Any = None  # a `RunImages`, whose room comes later
        self._selection: str | None = None

    @classmethod
    @contextlib.contextmanager
    def open(cls, command: str, settings: S, family: Any, reporter: Any) -> Iterator[Run[S]]:
        """Starts or continues a run and keeps other processes out of its folder until the block ends.

        Args: see the class.

        Yields:
            `Run`; where it is `finished`, nothing is to be done and its folder stays as it is.

        Raises:
            UserError, UserFileError: where the folder holds another run or other files, another process is at work in
                it, or the devices can't share a batch.
        """
        cluster = read_cluster()
        strategy = prepare_tensorflow(settings) if cluster.size > 1 else None  # they meet before one of them writes
        workers = Workers(cluster, strategy)
        state = workers.from_chief(lambda: RunFolder(settings.out).open(command, settings))
        if state == "finished":
            reporter.say(f"{settings.out} has finished already: nothing to do. A larger --kimg continues it.")
            yield cls(command, settings, family, reporter, state, None, workers)
            return
        run = cls(command, settings, family, reporter, state, strategy or prepare_tensorflow(settings), workers)

        def leave(name: str) -> None:
            reporter.say(f"{name}: the grace is over. What was saved stays; give the same command again to continue.")
            if workers.is_chief:
                run_lock.release(run.folder.path)

        with run.folder.locked(command, settings, state), Deadline(settings.grace, stopping_signals(), leave):
            if workers.is_chief:
                check_file_system(run.folder.path, reporter.say)
            yield run

    @property
    def finished(self) -> bool:
        """Whether an earlier call did everything (bool)."""
        return self.state == "finished"

    @property
    def notes(self) -> dict[str, Any]:
        """dict of what earlier parts of the run noted; empty at first."""
        return self.folder.notes()

    @property
    def batch_per_replica(self) -> int:
        """Images of a step on one device."""
        return self.settings.batch_size // self.strategy.num_replicas_in_sync

    def metrics(self) -> dict[str, Any]:
        """The content of metrics.json of a finished run (dict)."""
        return files.read_json(self.folder.metrics_file)

    def begin(self, images: Any, selection: str) -> None:
        """Makes the folder count as a run: interrupted from here on, the same command continues it.

        A new run first removes what an earlier one wrote (`--overwrite`). Where the images are others than those that
        the run began with, their scores are taken again.

        Args:
            images: the run's images, with `digests()` and `facts()`.
            selection: how the weights are chosen, in words.
        """
        self._images, self._selection = images, selection
        self.workers.from_chief(self._begin)
        self.workers.check_shared(self.folder.config_file)

    def _begin(self) -> None:
        if self.state == "start":
            self.folder.clear()
        elif changed := self._changed_sources():
            self.reporter.say(
                f"the images in {' and '.join(changed)} changed since this run began: it continues with the new ones, "
                "and the scores from before training are taken again"
            )
            self.note(stale=True)
            self.folder.forget_best()
        self.folder.sweep()
        self.record(finished=False)

    def measure_once(self, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Notes what `measure` returns, a JSON-ready dict, unless an earlier call of the run did; returns the notes."""
        self.note(**self.workers.from_chief(lambda: self._measure_once(measure)))
        return self.notes

    def _measure_once(self, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        known = self.notes
        if not known or known.get("stale"):
            kept = {name: known[name] for name in KEPT_NOTES if name in known}
            self.note(**{**measure(), **kept, "stale": False})
            self.record(finished=False)
        return self.notes

    def note(self, **values: Any) -> None:
        """Adds to the notes."""
        self.folder.note(**values)

    def resolve(self, **values: Any) -> None:
        """Fills in settings that depend on the images; what the user gave is recorded as it was given."""
        self.resolved = dataclasses.replace(self.resolved, **values)

    def begin_stage(self, model: keras.Model) -> None:
        """Notes where the present settings begin to hold, and what is known of the model."""
        self.folder.begin_stage(model.kimg)
        model.spec.save(self.folder.spec_file)

    def record(self, finished: bool) -> None:
        """Writes config.json."""
        notes = self.notes
        resolved = {
            "precision": notes.get("arithmetic"),
            "g_lr_ratio": notes.get("g_lr_ratio"),
            "ema_rampup": notes.get("ema_rampup"),
            "feature_weight": notes.get("feature_weight"),
            "precision_probe_seconds": notes.get("probe"),
            "replicas": self.strategy.num_replicas_in_sync,
            "selection": self._selection,
            "source_distance": notes.get("distance"),
            "warmup_kimg": notes.get("warmup_kimg"),
            **self._images.facts(),
            **self._images.digests(),
        }
        self.folder.record(self.command, self.settings, resolved, finished)

    def _changed_sources(self) -> list[str]:
        """Names of the folders whose images are others than at the beginning; what isn't known isn't changed."""
        before, now = self.folder.config()["resolved"], self._images.digests()
        paths = {"pictures_digest": self.settings.data, "reference_digest": self.settings.reference}
        return [path for name, path in paths.items() if before.get(name) not in (None, now[name])]


def prepare_tensorflow(settings: RunSettings) -> tf.distribute.Strategy:
    """Seeds, determinism and devices of a run; returns the distribution strategy. Call it before any other work."""
    strategy = distribution.choose_strategy(settings.devices)
    distribution.check_global_batch(settings.batch_size, strategy)
    keras.utils.set_random_seed(settings.seed)
    if settings.deterministic:
        tf.config.experimental.enable_op_determinism()
    return strategy
