"""What the student of a GAN supplies to distilling: the teacher and its images, the narrow generator, scores, card."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks, files
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.maths.psnr import peak_signal_to_noise
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.networks.dcgan.narrowing import check_size, megabytes, narrow_to_size
from keras_transfer_gen.protocols import without_lipschitz_bounded
from keras_transfer_gen.recipes.inputs.run_images import make_run_images
from keras_transfer_gen.recipes.models.load import load_source
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.report.student_card import student_card, student_rows
from keras_transfer_gen.recipes.runs.phases import Phase
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.training.family import ResultTable, Scores, Source
from keras_transfer_gen.recipes.training.gan import models
from keras_transfer_gen.recipes.training.gan.curve import KidCurve
from keras_transfer_gen.recipes.training.gan.family import GanFamily
from keras_transfer_gen.recipes.training.measure import BEFORE, SHEET_IMAGES, measure_precision
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.regularizers.imitation import Imitation

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.recipes.settings.gan import GanSettings


PAIRED = "paired.npy"  # in checkpoints/: the teacher's images of the latents that the student is scored on
IMAGE_SEED = 1  # of the teacher's images that are learnt; scores are measured on those of seed 0


class StudentFamily(GanFamily):
    """A GAN whose generator is a narrow copy of a teacher's."""

    name = "student"

    def open_source(self, run: Run) -> Source:
        ref = resolve_model(run.settings.source)
        teacher, is_new = load_source(ref)
        if teacher.spec.num_classes:
            step = "Teachers with classes can't be distilled yet."
            raise checks.user_error("source", "a GAN without classes", ref.name, step)
        check_size(teacher.generator, run.settings.size_mb)
        return Source(teacher, ref, is_new)

    def draw_images(self, run: Run, source: Source) -> RunImages:
        """`RunImages` of the teacher: what the discriminator takes for real, and what scores are measured against."""
        settings, spec = run.settings, source.model.spec
        run.reporter.say(f"{settings.images} images of the teacher stand for real ones")
        images = source.model.generate(settings.images, seed=IMAGE_SEED)
        image_set = read_images(images, spec.image_size, spec.channels)
        return make_run_images(settings, image_set, None, run.reporter)

    def describe_selection(self, run: Run, images: Any) -> str:
        return "none: the last weights are kept"

    def measure_source(self, run: Run, source: Source, images: RunImages) -> dict[str, Any]:
        """Precision; the score of the teacher's images of the latents that the student is scored on."""
        generated = kid_protocol.generate_fakes(source.model)
        for name, kept in ((BEFORE, generated[:SHEET_IMAGES]), (PAIRED, generated)):
            with files.atomic_path(run.folder.checkpoints / name) as partial:
                np.save(partial, kept)
        features = extract_features(generated, progress=run.reporter.counter("score of the teacher"))
        return {
            **measure_precision(run, source.model.generator),
            "kid_floor": kid_protocol.score_features(features, images.reference),
            "teacher_megabytes": megabytes(source.model.generator),
        }

    def model_from_source(self, run: Run, source: Source) -> GAN:
        """The student with the teacher's discriminator: compiled, step 0."""
        teacher, settings = source.model, run.settings
        student = narrow_to_size(teacher.ema_generator, settings.size_mb)
        student.name = teacher.generator.name
        origin = f"Distilled from {settings.source}. {teacher.spec.source}".strip()
        judge = without_lipschitz_bounded(teacher.discriminator)  # heads on features would take most of the time
        gan = GAN(student, judge, spec=dataclasses.replace(teacher.spec, source=origin))
        freeze(gan, {".*": True})
        models.compile_gan(gan, settings)
        run.note(psnr_before=_psnr(run, kid_protocol.generate_fakes(gan)))
        run.reporter.say(f"the student has {megabytes(student):.2f} MB, the teacher {megabytes(teacher.generator):.2f}")
        return gan

    def set_teacher(self, model: GAN, source: Source) -> None:
        """Has a student imitate the teacher; a model that was loaded does not know it."""
        for regularizer in model.regularizers:
            if isinstance(regularizer, Imitation):
                regularizer.set_teacher(source.model.ema_generator)

    def phases(self, run: Run, source: Source, images: RunImages, tuned: Training) -> list[Phase]:
        return [Phase("distilling", run.settings.kimg, curve=KidCurve(images.training))]

    def score(self, run: Run, images: RunImages, tuned: Training, scratch: Training | None) -> Scores:
        notes = run.notes
        generated = kid_protocol.generate_fakes(tuned.model)
        features = extract_features(generated, progress=run.reporter.counter("score after distilling"))
        metrics = {
            "kid_before": None,
            "kid_after": kid_protocol.score_features(features, images.reference),
            "kid_scratch": None,
            "kid_floor": notes["kid_floor"],
            "psnr_before": notes["psnr_before"],
            "psnr": _psnr(run, generated),
            "megabytes": megabytes(tuned.model.generator),
            "teacher_megabytes": notes["teacher_megabytes"],
            "kimg": tuned.model.kimg,
            "images_per_second": tuned.images_per_second,
            "seconds": tuned.seconds,
        }
        return Scores(metrics, generated, features)

    def card(self, run: Run, model: GAN, metrics: dict[str, Any]) -> str:
        return student_card(run.folder.path, run.settings, model.spec, metrics, run.notes)

    def result_table(self, settings: GanSettings, metrics: dict[str, Any]) -> ResultTable:
        return ResultTable(
            title=f"{settings.out} at {metrics['kimg']:.1f} kimg",
            header=["", "student", "teacher"],
            rows=student_rows(metrics),
            notes=[],
        )


def _psnr(run: Run, generated: np.ndarray) -> float:
    """PSNR in dB of the student's images to the teacher's of the same latents."""
    paired = np.load(run.folder.checkpoints / PAIRED, allow_pickle=False)
    return round(peak_signal_to_noise(paired, generated), 2)
