"""Which weights of a training are the best: scores of few images by every view on the way, and how they count together.

Few images and whole views: with views of smaller images, which cost as little, the order of the weights is another one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.metrics.spread import spread_ratio
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.feature_views import VIEWS, WHOLE
from keras_transfer_gen.recipes.scoring.run_scores import precision_and_recall

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.recipes.scoring.kid_protocol import KidProtocol, Reference
    from keras_transfer_gen.training.gan import GAN


SOURCE = "source"  # in a record: it is of the source as it was, before any step
BLENDS = "blends"  # in a record: true of a source that blends images that it knows
# Its draws are whole and, where these were chosen, the nearest to the training images that there are, not to others of
# their kind. One whose scores were 1.06 times as good as the last ones against the training images was 0.95 times as
# good against the reference; one of 1.11 times, with labels, was worse for classes not shown (three runs each).
FLATTERY = 1.15
LEAST = {"kid": 2.5, "kid_second": 2.5, "layout": 2.0}  # about one deviation of such scores of 64 real images
MOST_FAKES = 64  # generated images of a point: always of the same latents, so they order the weights as 500 do
LEAST_IMAGES = 50  # on each side, for precision, recall and spread
LEAST_SHARE = 0.02  # of the score at the start


def curve_scores(
    reference: Reference,
    protocol: KidProtocol | None = None,
    measure: Callable[[GAN, np.ndarray], dict[str, float]] | None = None,
) -> Callable[[GAN], dict[str, float]]:
    """A function `gan -> {"kid", "kid_second", "layout", "precision", "recall", "spread"}` for scores during training.

    The first three are KID x 1000 by each view. Precision and recall (shares) and the spread (`metrics.spread`) choose
    nothing: they show where a training goes wrong. Of fewer than 50 images on a side they are chance, and left out.

    Args:
        reference: `kid_protocol.Reference` of the training images.
        protocol: `KidProtocol`, or None for the default; its `curve_fakes` images are generated, at most 64.
        measure: function `(gan, images uint8 [N, S, S, C]) -> dict` of further scores, or None.
    """
    protocol = protocol or kid_protocol.DEFAULT

    def score(gan: GAN) -> dict[str, float]:
        images = gan.generate(min(protocol.curve_fakes, MOST_FAKES), seed=protocol.seed)
        features = {name: view.extract(images) for name, view in VIEWS.items()}
        scores = {name: 1000 * kid(reference.seen_by(view).features, features[name]) for name, view in VIEWS.items()}
        whole = reference.seen_by(WHOLE)
        if min(len(whole.features), len(images)) >= LEAST_IMAGES:
            scores |= precision_and_recall(features["kid"], whole)
            scores["spread"] = spread_ratio(whole.features, features["kid"])
        return scores if measure is None else {**scores, **measure(gan, images)}

    return score


def relative_score(record: Mapping[str, Any], start: Mapping[str, Any]) -> float:
    """How much better a model is than the one at the start: 1 is alike, 0.5 is half as far from the real images.

    The geometric mean, over the views that both records have, of the ratios of the scores. Its order is the same
    whatever the start was. A score below `LEAST`, or below a fiftieth of the start's, counts as that: so close to
    real images differences are chance, and an unbiased KID may be negative. A source that blends images that it knows
    is flattered by these scores: it counts as 15 % worse (`BLENDS`).

    Args:
        record: dict with scores of `curve_scores`; other keys are ignored.
        start: the same of the model at the start.

    Returns:
        float, above 0.

    Example:
        >>> relative_score({"kid": 50.0, "layout": 80.0}, {"kid": 100.0, "layout": 40.0})
        1.0
    """
    ratios = []
    for name in VIEWS:
        if name in record and name in start:
            least = max(LEAST[name], LEAST_SHARE * start[name])
            ratios.append(max(record[name], least) / max(start[name], least))
    flattery = FLATTERY if record.get(BLENDS) else 1.0
    return flattery * math.exp(sum(map(math.log, ratios)) / len(ratios))


def best_record(records: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The record with the lowest `relative_score` to the first one, the earliest of equals; None of none."""
    return min(records, key=lambda record: relative_score(record, records[0]), default=None)
