"""A model in training with what its run knows of it, and where that is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from keras_transfer_gen import files
from keras_transfer_gen.recipes.runs import disk_room, rollback
from keras_transfer_gen.training.checkpoint import load_checkpoint, newest_whole, read_whole, save_checkpoint
from keras_transfer_gen.transfer.saved_model.files import beside

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.run_folder import RunFolder


@dataclasses.dataclass(frozen=True)
class Branch:
    """Where one training of a run keeps its files: the run's own training, or the one from scratch beside it.

    Args:
        checkpoints: folder of the checkpoints.
        best: folder of the weights with the best score on the way.
        history: path of the CSV of losses.
        samples: the RUN folder whose samples/ gets contact sheets, or None.
    """

    checkpoints: Path
    best: Path
    history: Path
    samples: Path | None = None

    @classmethod
    def main(cls, folder: RunFolder) -> Self:
        """The training that a `RunFolder` is for."""
        return cls(folder.adapted, folder.best, folder.history_file, folder.path)

    @classmethod
    def scratch(cls, folder: RunFolder) -> Self:
        """The training from scratch that a `RunFolder` compares with."""
        return cls(folder.scratch, folder.best_scratch, folder.checkpoints / "scratch.csv")


def _say_nothing(line: str) -> None:
    """For a training that nobody watches."""


@dataclasses.dataclass
class Training:
    """A `GAN` or `VAE` in training.

    Args:
        model: compiled `GAN` or `VAE`.
        branch: `Branch`, where its files lie.
        seconds: spent in training steps so far.
        steady: (images, seconds) of the steps so far without the first of each call, which TensorFlow traces.
        records: scores on the way, dicts with "kimg" and the family's score.
        best_kimg: kimg of the weights that were chosen at the end, or None for the last ones.
        rollbacks: dicts, each a return to a checkpoint after a divergence; see `rollback.go_back`.
        say: function of a line of text for a person.
    """

    model: Any
    branch: Branch | None = None
    seconds: float = 0.0
    steady: tuple[float, float] = (0, 0.0)
    records: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    best_kimg: float | None = None
    rollbacks: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    say: Callable = _say_nothing

    @property
    def images_per_second(self) -> float | None:
        """Mean speed of the training steps without the first of each call, or None where there were no others."""
        images, seconds = self.steady
        return images / seconds if seconds else None

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps beside the model: a JSON-ready dict."""
        state = {"seconds": self.seconds, "steady": list(self.steady), "records": self.records}
        return {**state, "rollbacks": self.rollbacks} if self.rollbacks else state

    def save(self, out: PathLike, replace: bool = False) -> bool:
        """Writes the next checkpoint. Where the disk is full, that is said, and the last one stays.

        Args:
            out: the RUN folder; SavedModels in it are named relative to that.
            replace: write anew what was saved at this step already.

        Returns:
            bool, whether there was room for it.
        """
        try:
            with beside(out):
                save_checkpoint(self.model, self.branch.checkpoints, self.state(), replace=replace)
        except OSError as error:
            if not files.is_no_room(error):
                raise
            folder = next(path for path in map(Path, (self.branch.checkpoints, out)) if path.is_dir())
            self.say(disk_room.unsaved_line(self.model, folder))
            return False
        return True


def _newest(run: Run, branch: Branch, load: Callable[[Path], Any]) -> Any:
    """What `load` gives of the newest whole checkpoint of a branch, the same one on all workers; None without one."""
    if run.workers.cluster.size == 1:
        newest = newest_whole(branch.checkpoints, load, run.reporter.say)
        return None if newest is None else newest[1]

    def name() -> str | None:
        newest = newest_whole(branch.checkpoints, read_whole, run.reporter.say)
        return None if newest is None else newest[0].name

    folder = run.workers.from_chief(name)
    return None if folder is None else load(branch.checkpoints / folder)


def resume_training(run: Run, branch: Branch, make: Callable[[], keras.Model], rates: Any = None) -> Training:
    """The training of the latest checkpoint of a branch, or a new one.

    Args:
        run: `Run`.
        branch: `Branch`.
        make: function that returns the compiled model to begin with.
        rates: learning rates in place of the settings', as the family's `update_rates` takes them.

    Returns:
        `Training`; its model was made or loaded in the scope of the run's strategy.
    """

    def load(path: Path) -> tuple[keras.Model, dict[str, Any]]:
        with beside(path):
            return load_checkpoint(path)

    say = run.reporter.say
    with run.strategy.scope():
        newest = _newest(run, branch, load)
        if newest is None:
            return Training(make(), branch, say=say)
        model, state = newest
        if model.kimg < run.resolved.kimg:
            say(f"continuing at {model.kimg:.4g} kimg, where the training was saved")
        run.family.update_rates(model, run.resolved, rates)
        training = Training(
            model, branch, state["seconds"], tuple(state.get("steady", (0, 0.0))), state["records"],
            rollbacks=state.get("rollbacks", []), say=say,
        )  # fmt: skip
        rollback.lower_rates(model, rollback.times_gone_back(training, run.settings))
        return training
