"""The layout of a RUN folder, and what the same command means on one that is there already. Loads nothing heavy."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, files
from keras_transfer_gen.recipes.runs import run_lock
from keras_transfer_gen.recipes.settings.compat import from_recorded
from keras_transfer_gen.saved_model_layout import is_saved_model
from keras_transfer_gen.version import __version__

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.settings.shared import RunSettings


BOUNDS = ("kimg", "minutes")  # a larger one continues a finished run
# What may be another one when a run is continued.
MAY_CHANGE = (
    *BOUNDS, "batch_size", "r1_gamma", "learning_rate", "g_lr_ratio",
    "ema_halflife_kimg", "ema_rampup", "evaluate_every_kimg", "balance", "grace", "micro_batch", "cache_gb",
)  # fmt: skip
FROM = "from_kimg"  # of a stage: the kimg at which it began; None until it does
UNRECORDED = ("out", "overwrite", "trust", "tensorboard")
PATHS = ("data", "reference", "source")  # settings that may be paths
CONFIG_KEYS = {"command", "finished", "settings", "resolved", "stages"}
# What a run writes, in the order in which --overwrite removes it: a run that is half removed does not count as
# finished, and what is left counts as a run until the end.
OUTPUTS = (
    "metrics.json", "checkpoints", "history.csv", "README.md", "report.html", "samples", "before_after.png",
    "curves.png", "neighbours.png", "reconstructions.png", "training.gif", "tensorboard", "export", "source",
    "spec.json", "config.json",
)  # fmt: skip
PROMISED = ("metrics.json", "README.md", "curves.png", "spec.json", "export/saved_model/1")  # of every finished run
OF_VAES = ("reconstructions.png",)  # of these, what only a VAE's run writes
OF_TRAINING = ("history.csv", "samples")  # what a run without a gradient does not write
TENSORBOARD = "tensorboard"  # written only where it is asked for
HINT = "Choose another --out, or start again with --overwrite."


class RunFolder:
    """Paths and the recorded state of a run.

    Args:
        path: the RUN folder; need not exist.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.json"
        self.spec_file = self.path / "spec.json"
        self.metrics_file = self.path / "metrics.json"
        self.history_file = self.path / "history.csv"
        self.card_file = self.path / "README.md"
        self.report_file = self.path / "report.html"
        self.checkpoints = self.path / "checkpoints"
        self.adapted = self.checkpoints / "adapted"
        self.scratch = self.checkpoints / "scratch"
        self.best = self.checkpoints / "best"  # of a fine-tuned GAN: what is used; `adapted` is what goes on
        self.best_scratch = self.checkpoints / "best_scratch"
        self.notes_file = self.checkpoints / "notes.json"
        self.source = self.path / "source"  # a copy of what it started from, unless that is a preset
        self.source_file = self.source / "model.keras"
        self.source_vae_file = self.checkpoints / "source.keras"  # the VAE that a fine-tune began with
        self.tensorboard = self.path / TENSORBOARD
        self.saved_model = self.path / "export" / "saved_model" / "1"
        self.tflite = self.path / "export" / "generator.tflite"

    @property
    def exists(self) -> bool:
        """Whether a run was started here."""
        return self.config_file.is_file()

    @property
    def keeps_source(self) -> bool:
        """Whether it holds a copy of what it started from, which is all that it needs to go on."""
        kept = self.source_file.is_file() or is_saved_model(self.source)
        return kept and bool(self.notes().get("source_kept"))

    def config(self) -> dict[str, Any]:
        """Content of config.json; a `UserFileError` where it is broken or some other program's."""
        try:
            content = files.read_json(self.config_file)
        except checks.USER_ERRORS:
            content = None
        if not isinstance(content, dict) or not set(content) >= CONFIG_KEYS:
            hint = "Its config.json is damaged, or not one that this package wrote. Choose another --out."
            raise checks.file_error("out", "a new or empty folder, or an earlier run", self.path, hint)
        return content

    def open(self, command: str, settings: RunSettings) -> str:
        """Decides what a command does here: start, continue, or nothing because it has finished. Writes nothing.

        Args:
            command: "finetune" or "pretrain".
            settings: `TrainSettings`.

        Returns:
            "start", "continue" or "finished".

        Raises:
            UserError, UserFileError: where a run with other settings, or something that is no run, is here, another
                process is at work here, or nothing can be written here.
        """
        state = self._state(command, settings)
        run_lock.check_free(self.path)
        return state

    @contextlib.contextmanager
    def locked(self, command: str, settings: RunSettings, state: str) -> Iterator[None]:
        """Keeps other processes out until the block ends; `state` is what `open` returned before.

        Raises:
            UserError: where another process is at work here, or was in the meantime.
        """
        with run_lock.lock(self.path):
            if self._state(command, settings) != state:
                hint = "Give the same command again."
                raise checks.user_error("out", "a RUN that no other process changed meanwhile", str(self.path), hint)
            yield

    def _state(self, command: str, settings: RunSettings) -> str:
        if self.path.exists() and not self.path.is_dir():
            raise checks.file_error("out", "a folder", self.path, "Choose another --out.")
        self._check_apart(settings)
        self._check_writable()
        if not self.exists:
            if self.path.is_dir() and any(not entry.name.startswith(".") for entry in self.path.iterdir()):
                hint = "It holds other files. Choose another --out."
                raise checks.user_error("out", "a new or empty folder, or an earlier run", str(self.path), hint)
            return "start"
        config = self.config()
        if settings.overwrite:
            return "start"
        before, now = from_recorded(config["settings"]), recorded(settings)
        if config["command"] != command:
            expected = f"a run of `ktg {command}`, not of `ktg {config['command']}`"
            raise checks.user_error("out", expected, str(self.path), HINT)
        changed = [name for name in now if name in before and name not in MAY_CHANGE and not _same(name, now, before)]
        if changed:
            listed = ", ".join(f"{name} {before[name]!r} -> {now[name]!r}" for name in changed)
            raise checks.UserError(f"the run in {self.path} was started with other settings: {listed}. {HINT}")
        done = config["finished"] and all((self.path / name).exists() for name in PROMISED)  # else they are made again
        return "finished" if done and not _larger(now, before) else "continue"

    def clear(self) -> None:
        """Removes what an earlier run wrote, and nothing else; makes the folder where it is missing."""
        try:
            for path in (self.path / name for name in OUTPUTS):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise checks.UserFileError(f"cannot write {self.path}: {error.strerror}. Choose another --out.") from error

    def sweep(self) -> None:
        """Removes files that were half written when an earlier process was killed; what was whole gets its name."""
        for path in self.path.rglob(f"{files.PARTIAL}*"):
            files.finish_partial(path)

    def record(self, command: str, settings: RunSettings, resolved: dict[str, Any], finished: bool) -> None:
        """Writes config.json: the command, its settings, what was resolved at run time, and whether it has finished.

        A stage is what may change on the way; where it begins is told by `begin_stage`.
        """
        stages = self.config()["stages"] if self.exists else []
        now = {name: value for name, value in recorded(settings).items() if name in MAY_CHANGE}
        if stages and stages[-1].get(FROM, 0.0) is None:
            stages.pop()  # it ended before it began
        if not stages or {name: value for name, value in from_recorded(stages[-1]).items() if name != FROM} != now:
            stages.append({FROM: None, **now})
        content = {"command": command, "version": __version__, "finished": finished, "settings": recorded(settings)}
        files.write_json(self.config_file, {**content, "resolved": resolved, "stages": stages})

    def begin_stage(self, kimg: float) -> None:
        """Notes the kimg from which on the present settings hold, in a stage that was not begun before."""
        config = self.config()
        stage = config["stages"][-1]
        if stage.get(FROM, 0.0) is None:  # runs of the first version say nothing
            stage[FROM] = kimg
            files.write_json(self.config_file, config)

    def notes(self) -> dict[str, Any]:
        """What earlier parts of the run noted: a dict, empty at first."""
        return files.read_json(self.notes_file) if self.notes_file.is_file() else {}

    def forget_best(self) -> None:
        """Removes the best weights so far: they were selected by images that have changed."""
        for folder in (self.best, self.best_scratch):
            shutil.rmtree(folder, ignore_errors=True)

    def keep_source(self, folder: Path, path: Path) -> None:
        """Copies a SavedModel or file that the run starts from to `path` in the run, once, whole or not at all."""
        if not path.exists():
            with files.atomic_path(path) as partial:
                (shutil.copytree if folder.is_dir() else shutil.copyfile)(folder, partial)

    def note(self, **values: Any) -> None:
        """Adds to the notes."""
        files.write_json(self.notes_file, {**self.notes(), **values})

    def _check_apart(self, settings: RunSettings) -> None:
        """A run must not learn from its own samples, and --overwrite must not remove what it starts from."""
        run, values = self.path.resolve(), dataclasses.asdict(settings)
        for name in PATHS:
            if not values.get(name) or not os.path.exists(values[name]):
                continue
            path = Path(values[name]).resolve()
            if path.is_relative_to(run) or (name != "source" and run.is_relative_to(path)):
                hint = f"--{name} is {values[name]}. Choose another --out."
                raise checks.user_error("out", f"a folder apart from --{name}", str(self.path), hint)

    def _check_writable(self) -> None:
        path = self.path.absolute()
        nearest = next(folder for folder in (path, *path.parents) if os.path.exists(folder))
        if not os.path.isdir(nearest) or not os.access(nearest, os.W_OK | os.X_OK):
            hint = f"Nothing can be written in {nearest}. Choose another --out."
            raise checks.file_error("out", "a folder that can be written", self.path, hint)


def recorded(settings: RunSettings) -> dict[str, Any]:
    """The settings as config.json holds them."""
    fields = {name: value for name, value in dataclasses.asdict(settings).items() if name not in UNRECORDED}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def _same(name: str, now: dict[str, Any], before: dict[str, Any]) -> bool:
    if name in PATHS and isinstance(now[name], str) and isinstance(before[name], str):
        return os.path.normpath(now[name]) == os.path.normpath(before[name])  # "photos/" is "photos"
    return now[name] == before[name]


def _larger(now: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether a bound was raised or dropped, so that a finished run has more to do."""
    pairs = [(now[name], before[name]) for name in BOUNDS]
    return any(old is not None and (new is None or new > old) for new, old in pairs)
