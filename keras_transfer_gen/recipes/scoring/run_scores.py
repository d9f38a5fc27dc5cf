"""What every run measures of generated images: KID by each feature view, precision and recall, repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras_transfer_gen.metrics.prdc import precision_recall
from keras_transfer_gen.metrics.repeats import repeats
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.feature_views import LAYOUT, SECOND, VIEWS

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.scoring.kid_protocol import Reference


NEIGHBOUR = 3  # precision and recall: the neighbour whose distance is the radius
WHEN = {"before": "of the source", "after": "after training", "scratch": "from scratch"}  # the model that is scored


def score_views(
    images: np.ndarray, features: np.ndarray, reference: Reference, when: str, reporter: Reporter = SILENT
) -> dict[str, Any]:
    """The scores of the generated images of one model.

    Args:
        images: uint8 `[N, S, S, C]`.
        features: `[N, D]` of these, of the reference's view.
        reference: `kid_protocol.Reference` of the real images.
        when: of `WHEN`, the end of each score's name.
        reporter: `Reporter`; shows the progress.

    Returns:
        JSON-ready dict: "kid_WHEN", "kid_second_WHEN" and "layout_WHEN", each as `kid_protocol.score_features` gives
        it; "layout_WHEN" also has "size" (pixels that the images were averaged down to), "precision" and "recall".
    """
    second = reference.seen_by(SECOND, reporter.counter("second features of the real images"))
    layout = reference.seen_by(LAYOUT, reporter.counter("layout features of the real images"))
    of_second = SECOND.extract(images, reporter.counter(f"second score {WHEN[when]}"))
    of_layout = LAYOUT.extract(images, reporter.counter(f"layout score {WHEN[when]}"))
    return {
        f"kid_{when}": kid_protocol.score_features(features, reference),
        f"kid_second_{when}": kid_protocol.score_features(of_second, second),
        f"layout_{when}": {
            **kid_protocol.score_features(of_layout, layout),
            "size": LAYOUT.size,
            **precision_and_recall(of_layout, layout),
        },
    }


def score_draws(
    model: Any, reference: Reference, when: str, reporter: Reporter = SILENT
) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """`score_views` of the first images that a model generates: (dict, the images, their features)."""
    images = kid_protocol.generate_fakes(model)
    features = reference.view.extract(images, reporter.counter(f"score {WHEN[when]}"))
    return score_views(images, features, reference, when, reporter), images, features


def all_scores(*scores: dict[str, Any] | None) -> dict[str, Any]:
    """Every score of a run by its name in metrics.json, in one order; None where it was not measured.

    Args:
        scores: dicts of `score_views`, or other dicts that hold such scores under the same names, or None.
    """
    measured = {name: value for part in scores for name, value in (part or {}).items()}
    names = (f"{view}_{when}" for view in VIEWS for when in WHEN)
    return {name: measured.get(name) for name in names}


def precision_and_recall(features: np.ndarray, reference: Reference) -> dict[str, float | None]:
    """{"precision", "recall"} of generated images, shares in [0, 1]; None each where a set has 3 images or fewer.

    Args:
        features: `[N, D]`, of the reference's view.
        reference: `kid_protocol.Reference`.
    """
    if min(len(features), len(reference.features)) <= NEIGHBOUR:
        return {"precision": None, "recall": None}
    shares = precision_recall(reference.features, features, k=NEIGHBOUR)
    return {"precision": shares.precision, "recall": shares.recall}


def repeat_shares(features: np.ndarray, training: Reference) -> dict[str, float]:
    """{"repeats", "repeats_expected"}: shares of generated images that repeat another, see `metrics.repeats`.

    Args:
        features: `[N, D]`, of the training images' view.
        training: `kid_protocol.Reference` of the training images.
    """
    measured = repeats(training.features, features)
    return {"repeats": measured.share, "repeats_expected": measured.expected}
