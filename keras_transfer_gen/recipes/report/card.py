"""The model card of a RUN, its README.md: one builder for every family, which supplies sections and rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.settings.shared import RunSettings
    from keras_transfer_gen.specs import ModelSpec


NO_LICENCE = "not stated. Ask whoever made the source and the images."


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a model card.

    Args:
        title: its heading.
        lines: list of lines of Markdown.
    """

    title: str
    lines: list[str]


def build_card(title: str, summary: str, pictures: dict[str, str], sections: Sequence[Section]) -> str:
    """A model card.

    Args:
        title: name of the model.
        summary: one sentence.
        pictures: dict of what a picture shows -> its file name.
        sections: list of `Section`.

    Returns:
        Markdown text.

    Example:
        >>> print(build_card("cats", "A generator.", {}, [Section("Use", ["Load it."])]).splitlines()[4])
        ## Use
    """
    lines = [f"# {title}", "", summary, ""]
    for shown, file in pictures.items():
        lines += [f"![{shown}]({file})", ""]
    for section in sections:
        lines += [f"## {section.title}", "", *section.lines, ""]
    return "\n".join(lines)


def describe_images(spec: ModelSpec) -> str:
    """The images of a `ModelSpec` in words, such as "64 x 64 images (RGB)"."""
    return f"{spec.image_size} x {spec.image_size} images ({'RGB' if spec.channels == 3 else 'grey'})"


def origin_section(
    settings: RunSettings,
    spec: ModelSpec,
    metrics: dict[str, Any],
    notes: dict[str, Any],
    weights: str,
    details: Sequence[str] = (),
) -> Section:
    """Where a model comes from: images, source, training, licence.

    Args:
        settings: settings of the run, with data, batch_size and seed.
        spec: `ModelSpec`, whose source and licence are carried on.
        metrics: content of metrics.json.
        notes: dict of what the run noted.
        weights: a sentence on which weights are kept, or "" for the last ones.
        details: further lines, of the family.

    Returns:
        `Section`.
    """
    speed = metrics["images_per_second"]
    training = (
        f"- Training: {metrics['kimg']:.1f} kimg, batch size {settings.batch_size}, seed {settings.seed}, "
        f"{metrics['seconds'] / 60:.1f} minutes"
    )
    lines = [
        f"- Images: `{settings.data}`. {spec.source}".rstrip(),
        training + (f" at {speed:.0f} images/s (without the first steps)." if speed else "."),
        *([f"- Weights: {weights}"] if weights else []),
        *([f"- Distance: {notes['sentence'].rstrip('.')}."] if "sentence" in notes else []),
        *details,
        f"- Licence of what it was made from: {spec.licence or NO_LICENCE}",
        "- The licence of your own images applies as well.",
    ]
    return Section("Where it comes from", lines)


def scores_section(
    header: Sequence[str], rows: Iterable[Sequence[str]], note: str, sentences: Iterable[str | None]
) -> Section:
    """A table of scores, how they were measured, and what they mean.

    Args:
        header: list of column titles; the first is of the rows' names.
        rows: list of rows, each a sequence of text as long as `header`.
        note: one line that says how the scores were measured.
        sentences: list of sentences; empty ones are left out.

    Returns:
        `Section`.
    """
    table = [f"| {' | '.join(row)} |" for row in rows]
    paragraphs = [line for sentence in (note, *sentences) if sentence for line in ("", sentence)]
    return Section("Scores", [f"| {' | '.join(header)} |", "|---" * len(header) + "|", *table, *paragraphs])


def use_section(code: Sequence[str], exports: Sequence[str]) -> Section:
    """Python that uses the model, and what the exported files take and return.

    Args:
        code: list of lines of Python after the import.
        exports: list of lines of Markdown.

    Returns:
        `Section`.
    """
    program = ["```python", "import keras_transfer_gen as ktg", *code, "```"]
    return Section("Use", [*program, "", *exports])


def copies_sentence(copies: dict[str, Any] | None) -> str:
    """One sentence on near-copies, of what `Memorisation.to_dict` gives; "" for None."""
    if copies is None:
        return ""
    generated, real = 100 * copies["near_copy_share"], 100 * copies["train_share"]
    return (
        f"Near-copies of training images ({copies['train_count']} were compared): {generated:.1f} % of the generated "
        f"images; among the training images themselves {real:.1f} %. `neighbours.png` shows the most similar pairs."
    )


def format_score(score: dict[str, Any] | None) -> str:
    """A score of metrics.json as text, "value ± deviation"; "" for None."""
    return "" if score is None else f"{score['value']:.1f} ± {score['std']:.1f}"


def kid_note(score: dict[str, Any]) -> str:
    """One line that says how a KID of metrics.json was measured."""
    at = f" at {score['input_size']} px" if score["input_size"] else ""
    return (
        f"KID x 1000 (lower is better) of {score['n_fake']} generated images against {score['n_real']} of "
        f"{score['reference']}; features: {score['feature_network']}{at}; ± one bootstrap deviation."
    )
