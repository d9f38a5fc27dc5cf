"""The scores of each class as a table, for cards and for the command line."""

from __future__ import annotations

from typing import Any

HEADER = ("class", "KID x 1000", "recognised", "of real images")
MEANING = (
    "Recognised: the share that a linear probe on the features of real images takes for the class; of real images that "
    "it has not learnt from, beside it."
)


def class_rows(per_class: dict[str, dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Rows of a table, texts under `HEADER`, of what `measure_classes` gives under "per_class"."""
    return [
        (
            name, f"{row['kid']['value']:.1f} ± {row['kid']['std']:.1f}", f"{row['recognised']:.2f}",
            f"{row['recognised_real']:.2f}",
        )
        for name, row in per_class.items()
    ]  # fmt: skip


def mean_sentence(metrics: dict[str, Any]) -> str:
    """The means over the classes, of a dict with "recognised" and "recognised_real"."""
    return f"Recognised on average: {metrics['recognised']:.2f}, of real images {metrics['recognised_real']:.2f}."
