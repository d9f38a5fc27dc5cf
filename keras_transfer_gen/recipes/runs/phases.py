"""The phases of a training: what is trained until when, and what is scored on the way."""

from __future__ import annotations

import abc
import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs.training_loop import train
from keras_transfer_gen.training.micro_batches import describe_differences

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.specs import ModelSpec


POINTS = 5  # scores on the learning curve of one call
POINTS_TO_SELECT = 10  # where the best weights are selected by the curve


class Curve(abc.ABC):
    """The scores on the way through a phase, and what is done with them.

    Attributes:
        points: scores in the phase at most, unless the settings say how often.
        apart: thousands of images between two of them at least.
    """

    points, apart = POINTS, 0.0

    @classmethod
    def interval(cls, kimg: float) -> float:
        """Thousands of images from one score to the next, float, in a phase of `kimg`; at least two scores."""
        return max(kimg / cls.points, min(cls.apart, kimg / 2))

    def begin(self, training: Training) -> None:  # noqa: B027  not every curve has something to prepare
        """Called before the phase trains."""

    @abc.abstractmethod
    def __call__(self, model: keras.Model) -> dict[str, float]:
        """A dict of float: the scores of a model."""

    def end(self, training: Training) -> float | None:
        """Called after the phase; returns the kimg of the weights that it took, or None for the last ones."""
        return None


@dataclasses.dataclass(frozen=True)
class Phase:
    """A part of a training.

    Args:
        label: of the progress bar.
        kimg: total thousands of images to stop at; None trains nothing.
        before: function `training -> None`, called first: sets what is trained.
        curve: `Curve`, or None for a phase without scores and contact sheets.
        after: function `training -> None`, called at the end.
        until: share of the minutes that a run may take at which this phase ends at the latest.
    """

    label: str
    kimg: float | None
    before: Callable | None = None
    curve: Curve | None = None
    after: Callable | None = None
    until: float = 1.0


def run_phases(
    run: Run, training: Training, images: Any, phases: Iterable[Phase], minutes: float | None = None
) -> Training:
    """Goes through the phases; what was done by an earlier call of the run is not done again.

    Args:
        run: `Run`.
        training: `Training`, changed in place.
        images: the run's images; `image_set` is what is learnt.
        phases: `Phase`s in order.
        minutes: bound on the training time in all, or None.

    Returns:
        `training`.

    Raises:
        Interrupted, UserError: as `training_loop.train`.
    """
    _check_classes(training.model.spec, images)
    _report_micro_batches(run, training.model)
    for phase in phases:
        if phase.before is not None:
            phase.before(training)
        if phase.kimg is not None:
            if phase.curve is not None:
                run.workers.from_chief(functools.partial(phase.curve.begin, training))
            train(run, training, images.image_set, phase, None if minutes is None else minutes * phase.until)
            if phase.curve is not None:
                training.best_kimg = run.workers.from_chief(functools.partial(phase.curve.end, training))
        if phase.after is not None:
            phase.after(training)
    return training


def _report_micro_batches(run: Run, model: keras.Model) -> None:
    """Says how a model trains in micro-batches, and what then differs from whole batches."""
    if model.micro_batch is None:
        return
    differences = describe_differences(model)
    words = f": {'; '.join(differences)}" if differences else ": the update is that of the whole batch"
    run.reporter.say(f"each batch of {run.settings.batch_size} images is trained {model.micro_batch} at a time{words}")


def _check_classes(spec: ModelSpec, images: Any) -> None:
    """Refuses images whose classes are others than those that a run began with."""
    names = images.image_set.class_names
    if images.labelled and spec.class_names != names:
        expected = f"labels of the classes {spec.class_names}, with which the run began"
        raise checks.user_error("labels", expected, names, "Start again with --overwrite, or choose another --out.")
