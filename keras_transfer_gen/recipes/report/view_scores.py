"""The scores of each view of the images, in a table and in words: KID by two networks, layout, recall, repeats."""

from __future__ import annotations

import math
from typing import Any

from keras_transfer_gen.recipes.report.card import format_score

MODELS = {
    "before": "source, before adapting",
    "after": "after training",
    "scratch": "from scratch, same kimg",
    "floor": "floor: the training images themselves",
}
COLUMNS = {"kid": "KID x 1000", "kid_second": "second network", "layout": "layout"}
WORDS = {
    "kid": "{feature_network} (what is shown, and its surfaces)",
    "kid_second": "{feature_network} (another network, trained for another task)",
    "layout": "layout (images averaged down to {size} x {size} pixels: where things are, and their colours)",
}
FEW_IMAGES = 200  # with fewer, precision and recall depend more on the number of images than on the images


def view_header(metrics: dict[str, Any]) -> list[str]:
    """Column titles of `view_rows`: a column for each view that was measured."""
    return ["", *(COLUMNS[view] for view in measured_views(metrics))]


def view_rows(metrics: dict[str, Any]) -> list[tuple[str, ...]]:
    """(name, "value ± deviation" of each view) of every model that was measured, as text.

    Args:
        metrics: content of metrics.json; of versions before 0.3 it has KID alone.
    """
    views = measured_views(metrics)
    rows = []
    for model, name in MODELS.items():
        scores = [metrics.get(f"{view}_{model}") for view in views]
        if any(score is not None for score in scores):
            rows.append((name, *(format_score(score) for score in scores)))
    return rows


def view_sentences(metrics: dict[str, Any]) -> list[str]:
    """What each view says of the same run, whether they agree, and what precision, recall and repeats mean here.

    Args:
        metrics: content of metrics.json.

    Returns:
        list of str.
    """
    sentences = []
    if len(measured_views(metrics)) > 1:
        for rival, title in (("before", "Compared with the source"), ("scratch", "Compared with from scratch")):
            sentences += _compare(metrics, rival, title)
    return [*sentences, *_shares(metrics)]


def measured_views(metrics: dict[str, Any]) -> list[str]:
    """The views of `COLUMNS` that the trained model was scored by (list of str)."""
    return [view for view in COLUMNS if metrics.get(f"{view}_after") is not None]


def _compare(metrics: dict[str, Any], rival: str, title: str) -> list[str]:
    """One sentence on how each view rates the trained model against another, one more where they don't agree."""
    parts, words = [], []
    for view in measured_views(metrics):
        first, second = metrics.get(f"{view}_{rival}"), metrics[f"{view}_after"]
        if first is not None:
            words.append(_word(first, second))
            change = f"{first['value']:.1f} to {second['value']:.1f}"
            parts.append(f"{WORDS[view].format(**second)}: {words[-1]}, {change}")
    if not parts:
        return []
    sentence = f"{title}, each view says: {'; '.join(parts)}."
    return [sentence] if len(set(words)) == 1 else [sentence, "The views do not agree: look at the images."]


def worse_views(metrics: dict[str, Any], rival: str) -> list[str]:
    """The columns' names of the views by which the trained model is certainly worse than another (list of str).

    Args:
        metrics: content of metrics.json.
        rival: "before" or "scratch".
    """
    scored = [view for view in measured_views(metrics) if metrics.get(f"{view}_{rival}") is not None]
    return [COLUMNS[view] for view in scored if _word(metrics[f"{view}_{rival}"], metrics[f"{view}_after"]) == "worse"]


def score_gain(first: dict[str, Any], second: dict[str, Any]) -> tuple[float, float]:
    """How much lower the second score is, and the deviation of that."""
    return first["value"] - second["value"], math.hypot(first["std"], second["std"])


def _word(first: dict[str, Any], second: dict[str, Any]) -> str:
    """How the second score is beside the first."""
    gain, deviation = score_gain(first, second)
    return "better" if gain > deviation else "worse" if gain < -deviation else "no certain difference"


def _shares(metrics: dict[str, Any]) -> list[str]:
    precision, recall, repeats = (metrics.get(name) for name in ("precision", "recall", "repeats"))
    after, sentences = metrics["kid_after"], []
    if precision is not None and recall is not None:
        before = metrics.get("recall_before")
        source = "" if before is None else f" (the source: {before:.2f})"
        few = min(after["n_real"], after["n_fake"]) < FEW_IMAGES
        sentences.append(
            f"Precision {precision:.2f}: {100 * precision:.0f} of 100 generated images lie among the real ones. Recall "
            f"{recall:.2f}{source}: {100 * recall:.0f} of 100 real images lie among the generated ones."
            + (f" With fewer than {FEW_IMAGES} images on a side both mislead." if few else "")
        )
    expected = metrics.get("repeats_expected")
    if repeats is not None and expected is not None:
        sentences.append(
            f"Repeats: {100 * repeats:.1f} % of {after['n_fake']} generated images nearly equal another of them. Up to "
            f"{100 * expected:.1f} % is good: so many do of a generator as varied as the training images."
        )
    return sentences
