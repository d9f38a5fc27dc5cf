"""Fine-tuning, from a folder of images and a source to a scored, drawn and exported model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.phases import run_phases
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.training import Branch, resume_training
from keras_transfer_gen.recipes.training.family import family_of
from keras_transfer_gen.recipes.training.finalize import finalize
from keras_transfer_gen.recipes.training.memory import warn_of_little_memory

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
    from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings


def fine_tune(settings: FineTuneSettings | FineTuneVaeSettings, reporter: Reporter = SILENT) -> dict[str, Any]:
    """Adapts a source to images, scores it before and after, and exports it.

    The same call continues an interrupted run and does nothing on a finished one.

    Args:
        settings: `FineTuneSettings` for a GAN as the source, `FineTuneVaeSettings` for a VAE.
        reporter: told of the progress.

    Returns:
        dict, the content of metrics.json.

    Raises:
        UserError, UserFileError: for anything in the settings that can't be used.
        Interrupted: after SIGINT, SIGTERM or SIGHUP, once everything is saved.

    Example:
        >>> settings = FineTuneSettings(data="photos/", source="noto_gan_64", out="runs/a")  # doctest: +SKIP
        >>> fine_tune(settings)["kid_after"]["value"]  # doctest: +SKIP
    """
    family = family_of(settings)
    with Run.open("finetune", settings, family, reporter) as run:
        if run.finished:
            return run.metrics()
        with run.strategy.scope():
            source = family.open_source(run)
        images = family.read_images(run, source.model.spec.image_size, source.model.spec.channels)
        run.begin(images, family.describe_selection(run, images))
        notes = run.measure_once(lambda: family.measure_source(run, source, images))
        reporter.say(notes["sentence"])
        source, images = family.match_classes(run, source, images)
        family.resolve_settings(run, source)
        family.keep_source(run, source)
        run.workers.wait()

        tuned = resume_training(run, Branch.main(run.folder), lambda: family.model_from_source(run, source))
        run.begin_stage(tuned.model)
        family.report_model(run, tuned.model)
        warn_of_little_memory(run, tuned.model)
        run_phases(run, tuned, images, family.phases(run, source, images, tuned), settings.minutes)

        scratch = None
        if settings.compare_scratch:
            branch, rates = Branch.scratch(run.folder), family.scratch_rates
            scratch = resume_training(run, branch, lambda: family.model_from_scratch(run, source), rates)
            run_phases(run, scratch, images, family.scratch_phases(run, images, tuned))
        return run.workers.from_chief(lambda: finalize(run, images, tuned, scratch))


fine_tune_vae = fine_tune  # its name in version 0.1
