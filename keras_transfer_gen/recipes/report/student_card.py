"""The model card of a student's RUN: its size, and how near it is to its teacher."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.recipes.report.card import (
    build_card,
    copies_sentence,
    describe_images,
    format_score,
    kid_note,
    origin_section,
    scores_section,
    use_section,
)
from keras_transfer_gen.recipes.report.gan_card import describe_exports

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.settings.distill import DistillSettings
    from keras_transfer_gen.specs import ModelSpec


PAIRED = "PSNR compares images of the same latents, the teacher's and the student's; before training it was {:.1f} dB."


def student_card(
    path: Path, settings: DistillSettings, spec: ModelSpec, metrics: dict[str, Any], notes: dict[str, Any]
) -> str:
    """The README.md of a student's RUN.

    Args:
        path: `pathlib.Path` of the RUN folder.
        settings: `DistillSettings`.
        spec: `ModelSpec`.
        metrics: content of metrics.json.
        notes: dict of what the run noted.

    Returns:
        Markdown text.
    """
    sentences = [PAIRED.format(metrics["psnr_before"]), copies_sentence(notes.get("memorisation"))]
    header = ["", "student", "teacher"]
    code = [f'gan = ktg.load_gan("{path}")', "images = gan.generate(16, seed=0)  # uint8, nearly those of the teacher"]
    return build_card(
        path.name,
        f"A small generator of {describe_images(spec)} that imitates `{settings.source}`, trained with `ktg distill`.",
        {"the teacher, the student with the same latents, and other images of the teacher": "before_after.png"},
        [
            origin_section(settings, spec, metrics, notes, ""),
            scores_section(header, student_rows(metrics), kid_note(metrics["kid_after"]), sentences),
            use_section(code, describe_exports(spec, notes.get("tflite"))),
        ],
    )


def student_rows(metrics: dict[str, Any]) -> list[tuple[str, ...]]:
    """(measure, of the student, of the teacher) as text.

    Args:
        metrics: content of metrics.json.
    """
    return [
        ("size of the weights, MB", f"{metrics['megabytes']:.2f}", f"{metrics['teacher_megabytes']:.2f}"),
        ("PSNR to the teacher, dB", f"{metrics['psnr']:.1f}", "-"),
        ("KID x 1000 to other images of the teacher", *(format_score(metrics[k]) for k in ("kid_after", "kid_floor"))),
    ]
