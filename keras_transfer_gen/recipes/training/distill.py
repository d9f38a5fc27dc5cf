"""Distilling: a small generator learns to give the images that a large one gives of the same latents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.phases import run_phases
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.training import Branch, resume_training
from keras_transfer_gen.recipes.training.family import family_of
from keras_transfer_gen.recipes.training.finalize import finalize
from keras_transfer_gen.worker_cluster import read_cluster

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.settings.distill import DistillSettings


def distill(settings: DistillSettings, reporter: Reporter = SILENT) -> dict[str, Any]:
    """Trains a student of a given size, scores it against its teacher, and exports it.

    The student begins with the most important channels of the teacher. It learns from the teacher's images of the same
    latents (pixels and features) and from a discriminator, for which images of the teacher stand for real ones. The
    same call continues an interrupted run and does nothing on a finished one.

    Args:
        settings: `DistillSettings`.
        reporter: told of the progress.

    Returns:
        dict, the content of metrics.json.

    Raises:
        UserError, UserFileError: for anything in the settings that can't be used, such as a teacher with classes or
            of an architecture that can't be narrowed.
        Interrupted: after SIGINT, SIGTERM or SIGHUP, once everything is saved.

    Example:
        >>> distill(DistillSettings(source="runs/a", size_mb=1, out="runs/small"))["psnr"]  # doctest: +SKIP
    """
    family = family_of(settings)
    if read_cluster().size > 1:
        step = "A student is small: train it on one machine, whose GPUs share each batch."
        raise checks.user_error("TF_CONFIG", "one worker for `ktg distill`", "several", step)
    with Run.open("distill", settings, family, reporter) as run:
        if run.finished:
            return run.metrics()
        with run.strategy.scope():
            source = family.open_source(run)
        images = family.draw_images(run, source)
        run.begin(images, family.describe_selection(run, images))
        run.measure_once(lambda: family.measure_source(run, source, images))
        student = resume_training(run, Branch.main(run.folder), lambda: family.model_from_source(run, source))
        family.set_teacher(student.model, source)
        run.begin_stage(student.model)
        run_phases(run, student, images, family.phases(run, source, images, student), settings.minutes)
        return finalize(run, images, student)
