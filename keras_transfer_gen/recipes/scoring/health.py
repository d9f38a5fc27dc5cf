"""Signs that a training of a GAN goes wrong, read off its scores on the way, each with what to do. Maths alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

IN_A_ROW = 2  # scores that must show a sign: one alone may be chance
BY_HEART = 0.7  # of `memory_gap`
LITTLE_SPREAD, LOST_SPREAD = 0.6, 0.75  # of `spread_ratio`: below this, and below this share of the first one
LOST_PRECISION = 0.15  # below the best precision so far
KEPT = "The best weights on the way are kept unless --select last is given."


@dataclasses.dataclass(frozen=True)
class HealthWarning:
    """What goes wrong in a training.

    Args:
        kind: "by heart", "collapse" or "precision".
        kimg: thousands of images shown when it was noticed.
        text: what is wrong, a sentence.
        step: what to do, a sentence or two.
    """

    kind: str
    kimg: float
    text: str
    step: str

    def line(self) -> str:
        """It on one line, for a terminal."""
        return f"warning at {self.kimg:.2f} kimg: {self.text} {self.step}"


@dataclasses.dataclass(frozen=True)
class Sign:
    """A row of `SIGNS`.

    Args:
        kind: of the warning.
        needs: key that the scores must have.
        holds: function (records so far, the newest last) -> whether the newest score shows the sign.
        text: of the warning; `{value}` is the newest score.
        step: of the warning.
    """

    kind: str
    needs: str
    holds: Callable
    text: str
    step: str


def _lost_spread(records: Sequence[dict[str, Any]]) -> bool:
    spreads = [record["spread"] for record in records]
    return spreads[-1] < LITTLE_SPREAD and spreads[-1] < LOST_SPREAD * spreads[0]


def _lost_precision(records: Sequence[dict[str, Any]]) -> bool:
    precisions = [record["precision"] for record in records]
    return precisions[-1] < max(precisions) - LOST_PRECISION


SIGNS = (
    Sign(
        "by heart", "memory_gap", lambda records: records[-1]["memory_gap"] > BY_HEART,
        "The discriminator knows the training images by heart: it takes other real images for {value:.0%} as fake as "
        "generated ones.",
        f"More training makes the images worse. {KEPT} Give more images, less --kimg, --augment ada, or --freeze-d 2.",
    ),
    Sign(
        "collapse", "spread", _lost_spread,
        "Generated images differ only {value:.0%} as much as real ones: the generator shows fewer and fewer kinds of "
        "images.",
        f"{KEPT} Lower --learning-rate or --g-lr-ratio, raise --r1-gamma, or give a larger --batch-size.",
    ),
    Sign(
        "precision", "precision", _lost_precision,
        "Fewer generated images look like real ones than before: precision fell to {value:.2f}.",
        f"{KEPT} Stop earlier with --kimg, or lower --learning-rate.",
    ),
)  # fmt: skip


def find_health_warnings(records: Sequence[dict[str, Any]]) -> list[HealthWarning]:
    """What went wrong in a training, each kind once, when it was noticed first.

    Args:
        records: scores on the way, dicts with "kimg" and, where they were measured, "memory_gap" (float), "spread"
            (float) and "precision" (share in [0, 1]).

    Returns:
        list of `HealthWarning` by the time at which they were noticed.

    Example:
        >>> records = [{"kimg": 1.0, "memory_gap": 0.9}, {"kimg": 2.0, "memory_gap": 0.95}]
        >>> [(warning.kind, warning.kimg) for warning in find_health_warnings(records)]
        [('by heart', 2.0)]
    """
    warnings = [warning for sign in SIGNS if (warning := _first(sign, records)) is not None]
    return sorted(warnings, key=lambda warning: warning.kimg)


def _first(sign: Sign, records: Sequence[dict[str, Any]]) -> HealthWarning | None:
    known = [record for record in records if record.get(sign.needs) is not None]
    streak = 0
    for count in range(1, len(known) + 1):
        streak = streak + 1 if sign.holds(known[:count]) else 0
        if streak == IN_A_ROW:
            newest = known[count - 1]
            return HealthWarning(sign.kind, newest["kimg"], sign.text.format(value=newest[sign.needs]), sign.step)
    return None
