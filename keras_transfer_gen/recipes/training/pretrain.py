"""Training from nothing: the same story as fine-tuning, without a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.phases import run_phases
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.training import Branch, resume_training
from keras_transfer_gen.recipes.training.family import family_of
from keras_transfer_gen.recipes.training.finalize import finalize
from keras_transfer_gen.recipes.training.measure import measure_precision
from keras_transfer_gen.recipes.training.memory import warn_of_little_memory

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.settings.gan import PretrainSettings
    from keras_transfer_gen.recipes.settings.vae import PretrainVaeSettings


def pretrain(settings: PretrainSettings | PretrainVaeSettings, reporter: Reporter = SILENT) -> dict[str, Any]:
    """Trains a model from nothing, scores it and exports it.

    The same call continues an interrupted run and does nothing on a finished one.

    Args:
        settings: `PretrainSettings` for a GAN, `PretrainVaeSettings` for a VAE.
        reporter: told of the progress.

    Returns:
        dict, the content of metrics.json.

    Raises:
        UserError, UserFileError: for anything in the settings that can't be used.
        Interrupted: after SIGINT, SIGTERM or SIGHUP, once everything is saved.

    Example:
        >>> pretrain(PretrainSettings(data="photos/", out="runs/source"))["kid_after"]["value"]  # doctest: +SKIP
    """
    family = family_of(settings)
    with Run.open("pretrain", settings, family, reporter) as run:
        if run.finished:
            return run.metrics()
        images = family.read_images(run, settings.image_size, settings.channels)

        def measure() -> dict[str, Any]:
            network = family.network_to_time(settings, images)
            return {**measure_precision(run, network), "kid_floor": images.floor()}

        run.begin(images, family.describe_selection(run, images))
        run.measure_once(measure)
        trained = resume_training(run, Branch.main(run.folder), lambda: family.new_model(run, images))
        run.begin_stage(trained.model)
        warn_of_little_memory(run, trained.model)
        run_phases(run, trained, images, family.pretrain_phases(run, images), settings.minutes)
        return run.workers.from_chief(lambda: finalize(run, images, trained))


pretrain_vae = pretrain  # its name in version 0.1
