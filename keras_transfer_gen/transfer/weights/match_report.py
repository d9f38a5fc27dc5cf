"""What `load_matching_weights` did with each variable of a model and each array: a table, lists, JSON."""

from __future__ import annotations

import dataclasses
import html
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

COLUMNS = ("path", "model", "weights", "status")
STATUSES = ("loaded", "adapted", "missing", "unexpected", "mismatched")


class Mismatch(NamedTuple):
    """A variable whose array has another shape."""

    name: str
    model_shape: tuple
    weights_shape: tuple


@dataclasses.dataclass(frozen=True)
class MatchRow:
    """One variable of the model, or one array without a variable.

    Args:
        name: the variable's path; of an unexpected array its name after renaming.
        status: "loaded" as it was, "adapted" to another number of channels, "missing" in the weights, "unexpected" in
            the model, or "mismatched" in shape.
        model_shape: the variable's shape, or None.
        weights_shape: the array's shape, or None.
        weights_name: what the array was called before renaming, or None.
    """

    name: str
    status: str
    model_shape: tuple | None = None
    weights_shape: tuple | None = None
    weights_name: str | None = None

    def cells(self) -> tuple[str, str, str, str]:
        """The row as text."""
        origin = f" from {self.weights_name}" if self.weights_name not in (None, self.name) else ""
        return self.name, shape_text(self.model_shape), shape_text(self.weights_shape), self.status + origin


@dataclasses.dataclass(frozen=True, repr=False)
class MatchReport:
    """What `load_matching_weights` returns: `print` it, or read its lists. Every row is in exactly one of them.

    Args:
        rows: tuple of `MatchRow`: the variables in the model's order, then the unexpected arrays.

    Example:
        >>> report = load_matching_weights(model, "weights.npz")  # doctest: +SKIP
        >>> print(report)  # doctest: +SKIP
    """

    rows: tuple

    @property
    def loaded(self) -> list[str]:
        """Paths of the variables that were set to their arrays as they were."""
        return self._names("loaded")

    @property
    def adapted(self) -> list[str]:
        """Paths of the variables that were set after a change between grey and RGB."""
        return self._names("adapted")

    @property
    def missing(self) -> list[str]:
        """Paths of the variables without an array; `skip` names them."""
        return self._names("missing")

    @property
    def unexpected(self) -> list[str]:
        """Names, after renaming, of the arrays without a variable; `skip` names them."""
        return self._names("unexpected")

    @property
    def mismatched(self) -> list[Mismatch]:
        """List of `Mismatch` (name, model_shape, weights_shape); `skip` names them, and they were not set."""
        rows = (row for row in self.rows if row.status == "mismatched")
        return [Mismatch(row.name, row.model_shape, row.weights_shape) for row in rows]

    def counts(self) -> str:
        """Such as "24 loaded, 0 adapted, 1 missing, 0 unexpected, 1 mismatched"."""
        return ", ".join(f"{len(self._names(status))} {status}" for status in STATUSES)

    def totals(self) -> str:
        """The last line: how many of the model's parameters were set, and the counts."""
        sizes = [(math.prod(row.model_shape), row.status) for row in self.rows if row.model_shape is not None]
        total, done = sum(n for n, _ in sizes), sum(n for n, status in sizes if status in ("loaded", "adapted"))
        return f"{done:,} of {total:,} parameters are set ({done / max(total, 1):.1%}): {self.counts()}"

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict: the lists of names, mismatched with both shapes, and renamed {old name: new}."""
        mismatched = [{key: _plain(value) for key, value in row._asdict().items()} for row in self.mismatched]
        renamed = {row.weights_name: row.name for row in self.rows if row.weights_name not in (None, row.name)}
        lists = {status: self._names(status) for status in STATUSES}
        return {**lists, "mismatched": mismatched, "renamed": renamed}

    def __str__(self) -> str:
        table = [COLUMNS, *(row.cells() for row in self.rows)]
        path, model, weights, _ = (max(map(len, column)) for column in zip(*table, strict=True))
        lines = [f"{a:<{path}}  {b:>{model}}  {c:>{weights}}  {d}" for a, b, c, d in table]
        return "\n".join([*lines, self.totals()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def line(tag: str, cells: Iterable[str]) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        body = "".join(line("td", row.cells()) for row in self.rows)
        foot = f'<tr><td colspan="{len(COLUMNS)}">{self.totals()}</td></tr>'
        return f"<table><thead>{line('th', COLUMNS)}</thead><tbody>{body}</tbody><tfoot>{foot}</tfoot></table>"

    def _names(self, status: str) -> list[str]:
        return [row.name for row in self.rows if row.status == status]


def shape_text(shape: tuple[int, ...] | None) -> str:
    """`3 x 3 x 8`, "scalar", or "-" for None."""
    return "-" if shape is None else " x ".join(map(str, shape)) or "scalar"


def _plain(value: str | tuple[int, int]) -> list[int] | str:
    return list(value) if isinstance(value, tuple) else value
