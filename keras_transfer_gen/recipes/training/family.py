"""What a kind of model supplies to fine-tuning, pretraining and planning, which are the same for every kind."""

from __future__ import annotations

import abc
import dataclasses
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.recipes.models.resolve import ModelRef
from keras_transfer_gen.recipes.training.new_networks import build_networks, new_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.runs.phases import Phase
    from keras_transfer_gen.recipes.runs.run import Run

FAMILIES = {
    "gan": "keras_transfer_gen.recipes.training.gan.family:GanFamily",
    "vae": "keras_transfer_gen.recipes.training.vae.family:VaeFamily",
    "vq": "keras_transfer_gen.recipes.training.vq.family:VqFamily",
    "student": "keras_transfer_gen.recipes.training.gan.student:StudentFamily",
}


def family_of(settings: Any) -> Any:
    """The `Family` of some settings, an object: `settings.family` names it in `FAMILIES`."""
    module, name = FAMILIES[settings.family].split(":")
    return getattr(importlib.import_module(module), name)()


@dataclasses.dataclass(frozen=True)
class Source:
    """What a fine-tune starts from.

    Args:
        model: `GAN` or `VAE`, frozen as the settings say, with the networks that the method adds.
        ref: `ModelRef` of the file or folder that it was loaded from.
        new_discriminator: whether its discriminator has not been trained with it.
        kept: whether the RUN's own copy of it is enough to load it again.
        file: `pathlib.Path` of the `.keras` file that the RUN is to copy, or None: a preset is always at hand, and
            SavedModels are copied as folders.
    """

    model: Any
    ref: ModelRef
    new_discriminator: bool = False
    kept: bool = False
    file: Path | None = None


@dataclasses.dataclass(frozen=True)
class Scores:
    """What a family measured of a trained model.

    Args:
        metrics: dict for metrics.json.
        images: uint8 `[N, S, S, C]`, generated; image i of every scored model has the same latents.
        features: `[N, D]` of these.
    """

    metrics: dict
    images: Any
    features: Any


@dataclasses.dataclass(frozen=True)
class ResultTable:
    """The outcome of a run for a person.

    Args:
        title: one line.
        header: names of the columns.
        rows: tuples of text.
        notes: lines below the table: how it was measured, and what it says.
    """

    title: str
    header: list
    rows: list
    notes: list


class Family(abc.ABC):
    """One kind of model, such as GANs. It keeps no state: everything is in the `Run`, the source and the model.

    Attributes:
        name: key of `FAMILIES`.
        skipped_outputs: files of a RUN that this family does not write.
        ignored_warnings: classes of warnings of `fit` that the run reports in its own way.
        memory_estimate: function `(*networks, half) -> TrainingMemory` of the networks in the order of the model's
            roles; None where there is no estimate.
        divergence_last_step: what to try after a divergence where no setting is left to change.
    """

    name = ""
    skipped_outputs: tuple[str, ...] = ()
    ignored_warnings: tuple[type[Warning], ...] = ()
    memory_estimate: Any = None
    divergence_last_step = "with --overwrite"

    # The source and the images

    @abc.abstractmethod
    def open_source(self, run: Run) -> Source:
        """`Source` of `run.settings`; call it in the scope of the run's strategy."""

    @abc.abstractmethod
    def read_images(self, run: Run, image_size: int, channels: int) -> Any:
        """The run's images: what is learnt, scored against and put aside; `digests()` and `facts()` are recorded."""

    @abc.abstractmethod
    def keep_source(self, run: Run, source: Source) -> None:
        """Copies into the RUN what it needs to go on without the source."""

    # Before training

    @abc.abstractmethod
    def describe_selection(self, run: Run, images: Any) -> str:
        """How the weights are chosen, in words, for config.json."""

    @abc.abstractmethod
    def measure_source(self, run: Run, source: Source, images: Any) -> dict[str, Any]:
        """JSON-ready dict of what is known before training: precision, distance, scores of the source."""

    def match_classes(self, run: Run, source: Source, images: Any) -> tuple[Source, Any]:
        """(`Source`, images) with the same classes; as they are where the family has none."""
        return source, images

    def resolve_settings(self, run: Run, source: Source) -> None:  # noqa: B027  not every family has such settings
        """Fills in the settings that depend on the distance of the images, with `run.resolve`."""

    # Models

    @abc.abstractmethod
    def timed_network(self, networks: tuple[Any, ...]) -> Any:
        """The one of a tuple of networks that the precision is chosen for."""

    @abc.abstractmethod
    def model_from_source(self, run: Run, source: Source) -> Any:
        """The source as the run's own model: compiled, step 0."""

    @abc.abstractmethod
    def model_from_scratch(self, run: Run, source: Source) -> Any:
        """A compiled model as the source's with new weights, nothing frozen."""

    @abc.abstractmethod
    def new_model(self, run: Run, images: Any) -> Any:
        """A compiled model of a pretraining; `images` are the run's, whose classes it gets."""

    def new_networks(self, settings: Any, image_set: ImageSet) -> tuple[keras.Model, ...] | None:
        """The networks of a pretraining, a tuple for `memory_estimate`; None where the family has no estimate.

        Args:
            settings: those of `pretrain`.
            image_set: `ImageSet` to learn.
        """
        return None

    @abc.abstractmethod
    def update_rates(self, model: Any, settings: Any, rates: Any = None) -> None:
        """Sets what may change when a training goes on, such as learning rates; `rates` replaces the settings'."""

    scratch_rates: Any = None  # learning rates of the run from scratch to compare with, as `update_rates` takes them

    def network_to_time(self, settings: Any, images: Any) -> Any:
        """The network that the precision of a pretraining is chosen for, with new weights."""
        return self.timed_network(build_networks(settings, new_spec(settings, images.image_set)))

    # Training

    def report_model(self, run: Run, model: Any) -> None:  # noqa: B027  not every family has something to report
        """Notes and tells, before a fine-tune trains, what of its model is not as the settings ask."""

    @abc.abstractmethod
    def phases(self, run: Run, source: Source, images: Any, tuned: Any) -> list[Phase]:
        """`Phase`s of a fine-tune, in order; `tuned` is its `Training`, perhaps of an earlier call."""

    @abc.abstractmethod
    def scratch_phases(self, run: Run, images: Any, tuned: Any) -> list[Phase]:
        """`Phase`s of the training from scratch that a fine-tune is compared with; `tuned` is its `Training`."""

    @abc.abstractmethod
    def pretrain_phases(self, run: Run, images: Any) -> list[Phase]:
        """`Phase`s of a pretraining."""

    def divergence_steps(self, settings: Any) -> list[str]:
        """What to change after a divergence beside the learning rate, such as "raise --r1-gamma (now 2)" (list)."""
        return []

    # After training

    @abc.abstractmethod
    def score(self, run: Run, images: Any, tuned: Any, scratch: Any) -> Scores:
        """`Scores` of the trained model; `scratch` is a `Training` or None."""

    @abc.abstractmethod
    def draw(self, run: Run, images: Any, tuned: Any, scratch: Any) -> None:
        """Writes the family's own pictures: the curves, reconstructions."""

    @abc.abstractmethod
    def export_mobile(self, run: Run, model: Any) -> None:
        """Writes the TFLite files."""

    @abc.abstractmethod
    def card(self, run: Run, model: Any, metrics: dict[str, Any]) -> str:
        """Text of the model card."""

    @abc.abstractmethod
    def result_table(self, settings: Any, metrics: dict[str, Any]) -> ResultTable:
        """`ResultTable` of a finished run."""

    # Without training

    @abc.abstractmethod
    def needs_training(self, settings: Any) -> bool:
        """Whether a fine-tune of these settings computes a gradient at all (bool)."""

    @abc.abstractmethod
    def skipped_files(self, run: Run, source: Source | None) -> Sequence[str]:
        """Entries of `run_folder.OUTPUTS` that a command would not write; `source` is None for a pretraining."""

    @abc.abstractmethod
    def plan(self, run: Run, source: Source | None, count: int) -> dict[str, Any]:
        """What a dry run says beside what every family says: a dict; `source` is None for a pretraining.

        Args:
            run: `Run`.
            source: `Source` or None.
            count: number of images to learn.
        """
