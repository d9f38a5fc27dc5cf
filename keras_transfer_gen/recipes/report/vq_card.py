"""The model card of a VQ-VAE's RUN: its scores in rows and in words."""

from __future__ import annotations

import math
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
from keras_transfer_gen.recipes.report.view_scores import MODELS, measured_views, view_header, view_sentences

if TYPE_CHECKING:
    from keras_transfer_gen.specs import ModelSpec


RECONSTRUCTIONS = ("reconstruction_after", "reconstruction_before")
CERTAIN = 0.05  # a change of nats with a larger p may be chance
WORSE = 1.0  # dB
SAME = 1e-5  # the rounding of nats, as a share


def vq_card(
    path: Path, command: str, settings: Any, spec: ModelSpec, metrics: dict[str, Any], notes: dict[str, Any],
    method: str = "",
) -> str:  # fmt: skip
    """The README.md of a VQ-VAE's RUN.

    Args:
        path: of the RUN folder.
        command: "finetune" or "pretrain".
        settings: `FineTuneVqSettings` or `PretrainVqSettings`.
        spec: `ModelSpec`.
        metrics: content of metrics.json.
        notes: what the run noted.
        method: what was trained, in words; "" where there is no choice.

    Returns:
        Markdown text.
    """
    best, count = metrics["best_kimg"], metrics["put_aside"]
    weights = "" if best is None else f"those at {best:.2f} kimg, the best on {count} images for validation."
    start = (notes.get("class_start") or {}).get("sentence")
    rates = f"- Learning rates {settings.learning_rate:g} (prior) and {settings.autoencoder_learning_rate:g}."
    return build_card(
        path.name,
        f"A VQ-VAE of {describe_images(spec)} with a prior over its tokens, trained with `ktg {command}`"
        + (f": {method}." if method else "."),
        {"before and after": "before_after.png", "held out and reconstructed": "reconstructions.png"},
        [
            origin_section(settings, spec, metrics, notes, weights, [rates, *([f"- {start}"] if start else [])]),
            scores_section(
                vq_score_header(metrics), vq_score_rows(metrics), vq_score_note(metrics),
                [*vq_verdicts(metrics), *view_sentences(metrics), copies_sentence(notes.get("memorisation"))],
            ),
            use_section(_code(path), _exports(spec)),
        ],
    )  # fmt: skip


def vq_score_header(metrics: dict[str, Any]) -> list[str]:
    """Column titles of `vq_score_rows`."""
    return ["", "nats", *view_header(metrics)[1:]]


def vq_score_rows(metrics: dict[str, Any]) -> list[tuple[str, ...]]:
    """(name, nats, KID x 1000 by each view) of every model that was measured, as text."""
    views, rows = measured_views(metrics), []
    for model, label in MODELS.items():
        nats = metrics.get(f"nats_{model}")
        scores = [metrics.get(f"{view}_{model}") for view in views]
        if nats is not None or any(score is not None for score in scores):
            rows.append((label, "" if nats is None else f"{nats:.1f}", *map(format_score, scores)))
    return rows


def vq_score_note(metrics: dict[str, Any]) -> str:
    """Sentences that say how the scores were measured."""
    images, quality, before = (metrics.get(name) for name in ("nats_images", *RECONSTRUCTIONS))
    source = "" if before is None else f" (the source's: {before['psnr']:.1f} dB, {before['ssim']:.2f})"
    return (
        f"Nats per image (lower is better): minus the log-likelihood of the tokens of {images['count']} images: "
        f"{images['reference']}; {metrics['bits_per_token']:.2f} bits per token. Their reconstructions: PSNR "
        f"{quality['psnr']:.1f} dB, SSIM {quality['ssim']:.2f}{source}. {kid_note(metrics['kid_after'])}"
    )


def vq_verdicts(metrics: dict[str, Any]) -> list[str]:
    """What the nats mean, a sentence each: whether adapting helped, whether the source did, whether it copies."""
    after, scratch = metrics["nats_after"], metrics["nats_scratch"]
    sentences = [*_prior_sentence(metrics), *_decoder_sentence(metrics)]
    if scratch is not None:
        word = "won" if after < scratch else "lost"
        sentences.append(
            f"Transfer {word}: a new prior over the same tokens has {scratch:.1f} nats at the same kimg (its decoder "
            "is new, its encoder and codes are the source's)."
        )
    runs = metrics["token_runs"]
    sentences.append(
        f"The longest run of tokens that a generated image shares with one of {runs['compared']} training images is "
        f"{runs['made']:.1f} of {runs['positions']} on average; of images that were put aside it is "
        f"{runs['put_aside']:.1f}."
    )
    return sentences


def _prior_sentence(metrics: dict[str, Any]) -> list[str]:
    """Whether the prior finds images that were put aside likelier than the source's does; [] without a source."""
    before, after, change = metrics["nats_before"], metrics["nats_after"], metrics.get("nats_change")
    if before is None:
        return []
    if math.isclose(before, after, rel_tol=SAME):
        return [f"The prior is the source's: {after:.1f} nats per image that was put aside, before and after."]
    word = "helped the prior" if after < before else "did not help the prior"
    spread = ""
    if change is not None:
        spread = f" ({change['value']:+.1f} ± {change['std']:.1f})"
        if change["p"] > CERTAIN:
            word = "made no certain difference to the prior"
    text = f"{after:.1f} nats per image that was put aside{spread}, with the source's prior {before:.1f}"
    return [f"Adapting {word}: {text}."]


def _decoder_sentence(metrics: dict[str, Any]) -> list[str]:
    """Says where the decoder reconstructs images that were put aside clearly worse than the source's; else []."""
    after, before = (metrics.get(name) for name in RECONSTRUCTIONS)
    if before is None or after["psnr"] > before["psnr"] - WORSE:
        return []
    return [
        f"The decoder reconstructs images that were put aside worse than the source's: PSNR {after['psnr']:.1f} dB, "
        f"the source's {before['psnr']:.1f}. Train for longer, give it more images, or keep the source's decoder with "
        "the method `prior`."
    ]


def _code(path: Path) -> list[str]:
    return [
        f'vq = ktg.load_vq("{path}")',
        "images = vq.generate(16, seed=0)  # uint8; vq.encode, vq.decode and vq.reconstruct as well",
    ]


def _exports(spec: ModelSpec) -> list[str]:
    labels = f" and labels `[N]`, integers below {spec.num_classes}," if spec.num_classes else ""
    return [
        "`export/saved_model` is for TF Serving, `export/sampler.tflite` for phones and browsers; `encoder.tflite` and",
        f"`decoder.tflite` lie beside it. The first two take latents `[N, {spec.latent_dim}]`, uniform in [-1, 1], one",
        f"number for each token,{labels} and return float images in [-1, 1].",
    ]
