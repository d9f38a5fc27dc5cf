"""What a learning curve says of its future: whether more training would help, and about how much is needed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_transfer_gen.recipes.scoring.selection import SOURCE, relative_score

LEAST_POINTS = 4
GAIN = 0.8  # of the score: what "better" means when more training is asked for
LATEST = 2  # the best score is among so many last ones where the scores still fall
CERTAIN = 2.0  # standard errors of the slope
LONGEST = 8.0  # times the training so far: a curve says nothing of what comes after


@dataclasses.dataclass(frozen=True)
class Outlook:
    """What to expect of more training.

    Args:
        kimg: total thousands of images after which the score should be a fifth lower, or None where the curve doesn't
            tell.
        sentence: what to do, for a person; "" where there is nothing to say.
    """

    kimg: float | None
    sentence: str


def describe_outlook(records: Sequence[dict[str, Any]], kept_start: bool) -> Outlook:
    """What the scores on the way say about a longer training.

    The second half of the curve is fitted by a power law, score ~ kimg^slope, by least squares. Where it falls by more
    than twice its standard error, and the best score is one of the last two, the law says at how many kimg the score is
    a fifth lower than at its end.

    Args:
        records: list of dicts with "kimg" and scores of `selection.curve_scores`, of the whole training in order.
        kept_start: whether the model at the start was better than all others.

    Returns:
        `Outlook`.
    """
    trained = [record for record in records if record["kimg"] > 0 and not record.get(SOURCE)]
    points = [(record["kimg"], relative_score(record, records[0])) for record in trained]
    if len(points) < LEAST_POINTS:
        return Outlook(None, "")
    end = points[-1][0]
    slope, error = fit_power_law(*zip(*points[len(points) // 2 :], strict=True))
    best = min(range(len(points)), key=lambda index: points[index][1])
    if slope < -CERTAIN * error and best >= len(points) - LATEST:
        factor = GAIN ** (1 / slope)
        if factor <= LONGEST:
            total = round_up(end * factor)
            return Outlook(
                total,
                f"The scores were still falling when the run ended at {end:.3g} kimg. If that goes on, they are a "
                f"fifth lower at about {total:g} kimg: give the same command with --kimg {total:g}.",
            )
    if kept_start:
        total = round_up(3 * end)
        return Outlook(
            None,
            "No weights on the way were better than the source, so the run gives the source as it was. The curve does "
            f"not tell how much training it needs. Try three times as much (--kimg {total:g}), or a lower "
            "--learning-rate.",
        )
    return Outlook(None, "")


def fit_power_law(kimg: Sequence[float], scores: Sequence[float]) -> tuple[float, float]:
    """(slope, standard error) of log score over log kimg by least squares; at least two points, all above 0.

    Example:
        >>> slope, error = fit_power_law([1.0, 2.0, 4.0], [8.0, 4.0, 2.0])
        >>> round(slope, 6), round(error, 6)
        (-1.0, 0.0)
    """
    x, y = np.log(np.asarray(kimg, np.float64)), np.log(np.asarray(scores, np.float64))
    x, y = x - x.mean(), y - y.mean()
    spread = (x**2).sum()
    slope = (x * y).sum() / spread
    rest = ((y - slope * x) ** 2).sum() / max(len(x) - 2, 1)
    return float(slope), float(math.sqrt(rest / spread))


def round_up(kimg: float) -> float:
    """`kimg` rounded up to two digits."""
    digit = 10.0 ** (math.floor(math.log10(kimg)) - 1)
    return float(f"{math.ceil(kimg / digit - 1e-9) * digit:.6g}")
