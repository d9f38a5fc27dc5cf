"""What a user says about a third-party generator where it can't be measured or was measured wrongly. No TensorFlow."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, deprecation
from keras_transfer_gen.specs import DISTRIBUTIONS

if TYPE_CHECKING:
    from keras_transfer_gen.specs import ModelSpec


PIXEL_RANGES = {"-1,1": (-1.0, 1.0), "0,1": (0.0, 1.0), "0,255": (0.0, 255.0)}
NO_LABELS, ONE_HOT_LABELS, INTEGER_LABELS = "none", "one-hot", "integer"
LABELS = (NO_LABELS, ONE_HOT_LABELS, INTEGER_LABELS)
LEAVE_OUT = "Leave out {name}= (--{flag})."
SPEC_FIELDS = {  # the field of `ModelSpec` that an override stands for
    "latent_dim": "latent_dim",
    "latent_distribution": "distribution",
    "labels": "num_classes",
    "pixel_range": "pixel_range",
}


@dataclasses.dataclass(frozen=True)
class SpecOverrides:
    """Facts about a generator that you state instead of having them measured; None of a fact: it is measured.

    Args:
        latent_dim: length of a latent vector, for a graph that leaves it open, or to tell two inputs apart.
        latent_distribution: one of `specs.DISTRIBUTIONS`. A graph does not say it; "normal" is assumed.
        labels: "none", "one-hot" or "integer": the form of classes that the graph takes. Or the number of classes
            (int, or digits as the command line gives them), where it can't be counted.
        pixel_range: (lowest, highest) value of the images: (-1, 1), (0, 1) or (0, 255), or "-1,1" and so on.
        distribution: the old name of `latent_distribution`, with a warning.

    Raises:
        UserError: for a value that is none of these.

    Example:
        >>> SpecOverrides(labels="10", pixel_range="0,1")
        SpecOverrides(latent_dim=None, latent_distribution=None, labels=10, pixel_range=(0.0, 1.0))
        >>> bool(SpecOverrides())
        False
    """

    latent_dim: int | None = None
    latent_distribution: str | None = None
    labels: str | int | None = None
    pixel_range: tuple | None = None
    distribution: dataclasses.InitVar[str | None] = None

    def __post_init__(self, distribution: str | None) -> None:
        if distribution is not None:
            deprecation.warn_renamed("SpecOverrides(distribution=)", "latent_distribution=", stacklevel=3)
            self._set("latent_distribution", distribution)
        if self.latent_dim is not None:
            step = "Such as latent_dim=128 (--latent-dim 128)."
            self._set("latent_dim", checks.check_integer("latent_dim", self.latent_dim, next_step=step))
        if self.latent_distribution is not None:
            step = "Set it with latent_distribution= (--latent-distribution)."
            checks.check_choice("latent_distribution", self.latent_distribution, DISTRIBUTIONS, step)
        if self.labels is not None:
            self._set("labels", _checked_labels(self.labels))
        if self.pixel_range is not None:
            self._set("pixel_range", _checked_range(self.pixel_range))

    def __bool__(self) -> bool:
        return any(value is not None for value in dataclasses.astuple(self))

    @property
    def num_classes(self) -> int | None:
        """The number of classes where `labels` says it, else None."""
        if self.labels == NO_LABELS:
            return 0
        return self.labels if isinstance(self.labels, int) else None

    def to_dict(self) -> dict[str, int | list[float] | str]:
        """{name: value} of the facts that are stated, ready for JSON."""
        facts = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        if self.pixel_range is not None:
            facts["pixel_range"] = list(self.pixel_range)
        return facts

    def check_known(self, spec: ModelSpec, source: str) -> None:
        """Raises a `UserError` where a stated fact differs from what was saved with the model.

        Args:
            spec: the `ModelSpec` that was saved with the model.
            source: what the user called the model.
        """
        facts = {**self.to_dict(), "labels": self.num_classes}
        for name, field in SPEC_FIELDS.items():
            value, known = facts.get(name), getattr(spec, field)
            known = list(known) if name == "pixel_range" else known
            if value is not None and value != known:
                step = f"The spec that was saved with it says so. {leave_out(name)}"
                raise checks.user_error(name, f"{known!r} for {source}", value, step)

    def _set(self, name: str, value: int | str | tuple[float, float]) -> None:
        object.__setattr__(self, name, value)


NO_OVERRIDES = SpecOverrides()


def describes_source(labels: Any) -> bool:
    """Whether `labels` says something of a generator ("one-hot", 10), not where those of images are found (bool)."""
    return labels in LABELS or isinstance(labels, int) or (isinstance(labels, str) and labels.isdecimal())


def leave_out(name: str) -> str:
    """The next step of an error about an override, such as "Leave out latent_dim= (--latent-dim)."."""
    return LEAVE_OUT.format(name=name, flag=name.replace("_", "-"))


def _checked_labels(labels: int | str) -> int | str:
    if labels in LABELS:
        return labels
    number = int(labels) if isinstance(labels, str) and labels.isdecimal() else labels
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        expected = "'none', 'one-hot', 'integer' or a number of classes"
        raise checks.user_error("labels", expected, labels, "Such as labels=10 (--labels 10).")
    return number


def _checked_range(bounds: Sequence[int] | str) -> tuple[float, float]:
    if isinstance(bounds, str):
        known = PIXEL_RANGES.get(bounds.replace(" ", ""))
    else:
        known = next((pair for pair in PIXEL_RANGES.values() if tuple(bounds) == pair), None)
    if known is None:
        expected = "one of " + ", ".join(PIXEL_RANGES)
        raise checks.user_error("pixel_range", expected, bounds, "Such as --pixel-range 0,1 or pixel_range=(0, 1).")
    return known
