"""The model card of a VAE's RUN: its scores in rows and in words."""

from __future__ import annotations

from collections.abc import Sequence
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
from keras_transfer_gen.recipes.report.view_scores import measured_views, view_header, view_sentences

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.settings.vae import VaeSettings
    from keras_transfer_gen.specs import ModelSpec


ELBOS = {
    "elbo_before": "source, before adapting",
    "elbo_before_refitted": "the same, its scale of errors refitted",
    "elbo_after": "after training",
    "elbo_standard_prior": "the same, with the prior N(0, I)",
    "elbo_scratch": "from scratch, same kimg",
}
FLOOR = "floor: the training images themselves"


def vae_card(
    path: Path,
    command: str,
    settings: VaeSettings,
    spec: ModelSpec,
    metrics: dict[str, Any],
    notes: dict[str, Any],
    method: str = "",
) -> str:
    """The README.md of a VAE's RUN.

    Args:
        path: `pathlib.Path` of the RUN folder.
        command: "finetune" or "pretrain".
        settings: `FineTuneVaeSettings` or `PretrainVaeSettings`.
        spec: `ModelSpec`.
        metrics: content of metrics.json.
        notes: dict of what the run noted.
        method: what was trained, in words; "" where there is no choice.

    Returns:
        Markdown text.
    """
    best, count = metrics["best_kimg"], metrics["put_aside"]
    weights = "" if best is None else f"those at {best:.2f} kimg, the best on {count} images for validation."
    details = [f"- Learning rate {settings.learning_rate:g}. Prior: {metrics['prior']}."]
    copies = copies_sentence(notes.get("memorisation"))
    return build_card(
        path.name,
        f"A VAE of {describe_images(spec)}, trained with `ktg {command}`" + (f": {method}." if method else "."),
        {"before and after": "before_after.png", "held out and reconstructed": "reconstructions.png"},
        [
            origin_section(settings, spec, metrics, notes, weights, details),
            scores_section(
                vae_score_header(metrics), vae_score_rows(metrics), vae_score_note(metrics),
                [*vae_verdicts(metrics), *view_sentences(metrics), notes.get("collapse"), copies],
            ),
            use_section(_code(path), _exports(spec)),
        ],
    )  # fmt: skip


def vae_score_header(metrics: dict[str, Any]) -> list[str]:
    """Column titles of `vae_score_rows`."""
    return ["", "ELBO", *view_header(metrics)[1:]]


def vae_score_rows(metrics: dict[str, Any]) -> list[tuple[str, ...]]:
    """(name, ELBO, KID x 1000 by each view) of every score of metrics.json that was measured, as text."""
    views = measured_views(metrics)
    rows = [
        (label, f"{metrics[key]['value']:.1f}", *_scores(metrics, views, key.removeprefix("elbo_")))
        for key, label in ELBOS.items()
        if metrics.get(key) is not None
    ]
    return rows if metrics.get("kid_floor") is None else [*rows, (FLOOR, "", *_scores(metrics, views, "floor"))]


def _scores(metrics: dict[str, Any], views: Sequence[str], model: str) -> list[str]:
    return [format_score(metrics.get(f"{view}_{model}")) for view in views]


def vae_score_note(metrics: dict[str, Any]) -> str:
    """Two sentences that say how the scores were measured."""
    elbo, bits = metrics["elbo_after"], metrics["bits_per_dim"]
    caveat = f" ({bits['caveat']})" if bits.get("caveat") else ""
    return (
        f"ELBO in nats per image (higher is better), {elbo['samples']} latent samples, {elbo['n_images']} images: "
        f"{elbo['reference']}; {bits['value']:.3f} bits per dimension{caveat}, {metrics['active_units']} active units, "
        f"KL {elbo['kl_loss']:.1f} nats. {kid_note(metrics['kid_after'])}"
    )


def vae_verdicts(metrics: dict[str, Any]) -> list[str]:
    """What the scores mean, a sentence each: whether adapting helped, whether the source did, and what the prior did.

    Args:
        metrics: content of metrics.json.

    Returns:
        list of str.
    """
    before, after, scratch = (metrics[name] for name in ("elbo_before", "elbo_after", "elbo_scratch"))
    sentences = []
    if before is not None:
        refitted = metrics.get("elbo_before_refitted")
        gain = after["value"] - (refitted or before)["value"]
        source = "the source's, whose scale of errors was fitted to your images" if refitted else "the source's"
        if gain > 0:
            sentences.append(f"Adapting helped: the ELBO is {gain:.1f} nats per image higher than {source}.")
        else:
            sentences.append(
                f"Adapting did not help: the ELBO is {-gain:.1f} nats per image lower than {source}. Give it more "
                "images, another --method, or a source that is closer to your images."
            )
        if refitted:
            change = refitted["value"] - before["value"]
            sentences.append(
                f"Fitting that scale alone changed the source's ELBO by {change:+.1f}; nothing is learnt by it."
            )
    if scratch is not None:
        lead = after["value"] - scratch["value"]
        word, direction = ("won", "higher") if lead > 0 else ("lost", "lower")
        sentences.append(
            f"Transfer {word}: the ELBO is {abs(lead):.1f} nats per image {direction} than from scratch at the same "
            "kimg."
        )
    fitted, standard = metrics["kid_after"], metrics.get("kid_standard_prior")
    if standard is not None and metrics["prior"] != "standard":
        gain = standard["value"] - fitted["value"]
        sentences.append(
            f"With the fitted prior ({metrics['prior']}), KID x 1000 is {abs(gain):.1f} "
            f"{'lower' if gain > 0 else 'higher'} than with N(0, I)."
        )
    return sentences


def _code(path: Path) -> list[str]:
    return [
        f'vae = ktg.load_vae("{path}")',
        "images = vae.generate(16, seed=0)  # uint8; vae.encode, vae.decode and vae.reconstruct as well",
    ]


def _exports(spec: ModelSpec) -> list[str]:
    return [
        "`export/saved_model` is for TF Serving, `export/sampler.tflite` for phones and browsers; `encoder.tflite` and",
        "`decoder.tflite` lie beside it. The first two draw from the prior above: latents",
        f"`[N, {spec.latent_dim}]` from N(0, 1) in, float images in [-1, 1] out.",
    ]
