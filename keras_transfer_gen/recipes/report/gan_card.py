"""The model card of a GAN's RUN: its scores in rows and in words."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import tables
from keras_transfer_gen.recipes.report.card import (
    build_card,
    copies_sentence,
    describe_images,
    kid_note,
    origin_section,
    scores_section,
    use_section,
)
from keras_transfer_gen.recipes.report.class_table import HEADER, MEANING, class_rows, mean_sentence
from keras_transfer_gen.recipes.report.view_scores import (
    score_gain,
    view_header,
    view_rows,
    view_sentences,
    worse_views,
)
from keras_transfer_gen.recipes.settings.defaults import SCRATCH_RATES

if TYPE_CHECKING:
    from keras_transfer_gen.network_inputs import NetworkInput
    from keras_transfer_gen.recipes.report.card import Section
    from keras_transfer_gen.recipes.settings.gan import GanSettings
    from keras_transfer_gen.specs import ModelSpec


PRETRAIN = f"ktg pretrain --learning-rate {SCRATCH_RATES[1]:g} --g-lr-ratio {SCRATCH_RATES[0] / SCRATCH_RATES[1]:g}"
FEATURE_HEADS = (
    "- Feature heads, weight {:g}: during training the discriminator also judged the features of EfficientNet-Lite1, "
    "which was trained on the photographs of ImageNet. The scores use another network of the same family, so they may "
    "be too good in comparison with models that were trained without feature heads, such as one from scratch."
)
APART = "none of the generated images lies among yours: they look different. More --kimg is the first thing to try"
BEST = "which were best against the training images by all views together"
DISTRIBUTIONS = {"normal": "N(0, 1)", "uniform": "U(-1, 1)"}


def gan_card(
    path: Path, command: str, settings: GanSettings, spec: ModelSpec, metrics: dict[str, Any], notes: dict[str, Any]
) -> str:
    """The README.md of a GAN's RUN.

    Args:
        path: `pathlib.Path` of the RUN folder.
        command: "finetune" or "pretrain".
        settings: `FineTuneSettings` or `PretrainSettings`.
        spec: `ModelSpec`.
        metrics: content of metrics.json.
        notes: dict of what the run noted.

    Returns:
        Markdown text.
    """
    best, weight = metrics.get("best_kimg"), notes.get("feature_weight")
    weights = "" if best is None else f"those at {best:.2f} kimg, {BEST}."
    if metrics.get("kept_source"):
        weights = f"those of the source, {BEST}."
    heads = [FEATURE_HEADS.format(weight)] if weight else []
    classes = [f"- {notes[name]['sentence']}" for name in ("class_start", "framing") if name in notes]
    sentences = [*gan_verdicts(metrics), copies_sentence(notes.get("memorisation"))]
    header = view_header(metrics)
    code = [f'gan = ktg.load_gan("{path}")', "images = gan.generate(16, seed=0)  # uint8"]
    return build_card(
        path.name,
        f"A generator of {describe_images(spec)}, trained with `ktg {command}`.",
        {"before and after": "before_after.png"},
        [
            origin_section(settings, spec, metrics, notes, weights, [*classes, *heads]),
            scores_section(header, view_rows(metrics), kid_note(metrics["kid_after"]), sentences),
            *_class_sections(metrics),
            use_section(code, describe_exports(spec, notes.get("tflite"))),
        ],
    )


def gan_verdicts(metrics: dict[str, Any]) -> list[str]:
    """What the scores mean, a sentence each: whether adapting helped, whether the source did, what each view says.

    A difference counts where it is larger than its own deviation.

    Args:
        metrics: content of metrics.json.

    Returns:
        list of str.
    """
    before, after, scratch = (metrics[name] for name in ("kid_before", "kid_after", "kid_scratch"))
    sentences = []
    if before is not None and not metrics.get("kept_source"):
        gain, deviation = score_gain(before, after)
        if gain > deviation:
            lower = f"KID is {gain:.1f} ± {deviation:.1f} lower than the source's"
            against = " and ".join(worse_views(metrics, "before"))
            start = f"Adapting helped by KID, not by {against}" if against else "Adapting helped"
            apart = metrics.get("precision") == 0 and not metrics.get("recall")
            sentences.append(f"{start}: {lower}{', yet ' + APART if apart else ''}.")
        else:
            worse = gain < -deviation
            result = "KID is higher than the source's" if worse else "no difference from the source's KID is certain"
            sentences.append(
                f"Adapting did not help: {result} ({-gain:+.1f} ± {deviation:.1f}). Give it more --kimg, more images "
                "or fewer frozen layers, or use the source as it is."
            )
    if scratch is not None:
        lead, deviation = score_gain(scratch, after)
        if lead < -deviation:
            sentences.append(
                f"Transfer lost: KID from scratch is {-lead:.1f} ± {deviation:.1f} lower at the same kimg. Train "
                f"without a source ({PRETRAIN}), or take a source that is closer to your images."
            )
        elif lead <= deviation:
            sentences.append(f"Transfer made no certain difference ({-lead:+.1f} ± {deviation:.1f}).")
        else:
            sentences.append(
                f"Transfer won: KID is {lead:.1f} ± {deviation:.1f} lower than from scratch at the same kimg."
            )
    outlook = (metrics.get("outlook") or {}).get("sentence")
    return [*sentences, *([outlook] if outlook else []), *view_sentences(metrics)]


def _class_sections(metrics: dict[str, Any]) -> list[Section]:
    """The section on the classes, in a list; [] for a model without."""
    per_class = metrics.get("per_class")
    if not per_class:
        return []
    section = scores_section(list(HEADER), class_rows(per_class), MEANING, [mean_sentence(metrics)])
    return [dataclasses.replace(section, title="Classes")]


def _constant_inputs(spec: ModelSpec) -> tuple[NetworkInput, ...]:
    """What its generator takes beside latents and labels, the same for every image."""
    entry = tables.architecture_of(spec)
    return entry.inputs if entry else ()


def describe_exports(spec: ModelSpec, missing: str | None) -> list[str]:
    """Lines on what the exported files take; `missing` says why there is no TFLite file, if so."""
    distribution = DISTRIBUTIONS.get(spec.distribution, f"the distribution {spec.distribution}")
    inputs = f"latents `[N, {spec.latent_dim}]` from {distribution}"
    if spec.num_classes:
        inputs += f" and labels `[N]`, integers below {spec.num_classes}"
    inputs += "".join(f" and {entry.name} `[N]`, usually {entry.value:g}" for entry in _constant_inputs(spec))
    if missing:
        return [
            f"`export/saved_model` is for TF Serving. It takes {inputs},",
            "and returns float images in [-1, 1].",
            f"There is no TFLite file: {missing.splitlines()[0]}",
        ]
    return [
        "`export/saved_model` is for TF Serving, `export/generator.tflite` for phones and browsers.",
        f"The first takes {inputs}, the second one at a time;",
        "both return float images in [-1, 1].",
    ]
