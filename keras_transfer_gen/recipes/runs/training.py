"""A model in training with what its run knows of it, and where that is kept."""

import dataclasses
from pathlib import Path

from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from keras_transfer_gen.transfer.saved_model.files import beside


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
    def main(cls, folder):
        """The training that a `RunFolder` is for."""
        return cls(folder.adapted, folder.best, folder.history_file, folder.path)

    @classmethod
    def scratch(cls, folder):
        """The training from scratch that a `RunFolder` compares with."""
        return cls(folder.scratch, folder.best_scratch, folder.checkpoints / "scratch.csv")


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
    """

    model: object
    branch: Branch | None = None
    seconds: float = 0.0
    steady: tuple = (0, 0.0)
    records: list = dataclasses.field(default_factory=list)
    best_kimg: float | None = None

    @property
    def images_per_second(self):
        """Mean speed of the training steps without the first of each call, or None where there were no others."""
        images, seconds = self.steady
        return images / seconds if seconds else None

    def state(self):
        """What a checkpoint keeps beside the model: a JSON-ready dict."""
        return {"seconds": self.seconds, "steady": list(self.steady), "records": self.records}

    def save(self, out, replace=False):
        """Writes the next checkpoint.

        Args:
            out: the RUN folder; SavedModels in it are named relative to that.
            replace: write anew what was saved at this step already.
        """
        with beside(out):
            save_checkpoint(self.model, self.branch.checkpoints, self.state(), replace=replace)


def resume_training(run, branch, make, rates=None):
    """The training of the latest checkpoint of a branch, or a new one.

    Args:
        run: `Run`.
        branch: `Branch`.
        make: function that returns the compiled model to begin with.
        rates: learning rates in place of the settings', as the family's `update_rates` takes them.

    Returns:
        `Training`; its model was made or loaded in the scope of the run's strategy.
    """
    with run.strategy.scope():
        latest = latest_checkpoint(branch.checkpoints)
        if latest is None:
            return Training(make(), branch)
        with beside(latest):
            model, state = load_checkpoint(latest)
        run.family.update_rates(model, run.resolved, rates)
        return Training(model, branch, state["seconds"], tuple(state.get("steady", (0, 0.0))), state["records"])
