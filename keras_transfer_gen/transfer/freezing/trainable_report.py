"""A table of what is trained: each variable with its path, shape, number of parameters, flag and source."""

from __future__ import annotations

import dataclasses
import html
import math
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.transfer.provenance import NEW, source_of

if TYPE_CHECKING:
    import keras


COLUMNS = ("path", "shape", "parameters", "trainable", "source")


@dataclasses.dataclass(frozen=True)
class Row:
    """One variable: its path, shape (tuple), number of parameters, whether it is trained, and where it came from."""

    path: str
    shape: tuple
    parameters: int
    trainable: bool
    source: str = NEW

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        shape = " x ".join(map(str, self.shape)) or "scalar"
        return self.path, shape, f"{self.parameters:,}", "yes" if self.trainable else "no", self.source


@dataclasses.dataclass(frozen=True, repr=False)
class TrainableReport:
    """What `freeze` and `trainable_report` return: `print` it, or read `rows` and the totals.

    Args:
        rows: tuple of `Row`, in build order.
    """

    rows: tuple

    @property
    def parameters(self) -> int:
        """Number of all parameters."""
        return sum(row.parameters for row in self.rows)

    @property
    def trainable_parameters(self) -> int:
        """Number of parameters that are trained."""
        return sum(row.parameters for row in self.rows if row.trainable)

    def totals(self) -> str:
        """The last line: how many parameters of how many are trained."""
        share = self.trainable_parameters / max(self.parameters, 1)
        return f"{self.trainable_parameters:,} of {self.parameters:,} parameters are trainable ({share:.1%})"

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict: rows, parameters, trainable_parameters."""
        rows = [{**dataclasses.asdict(row), "shape": list(row.shape)} for row in self.rows]
        return {"rows": rows, "parameters": self.parameters, "trainable_parameters": self.trainable_parameters}

    def __str__(self) -> str:
        table = [COLUMNS, *(row.cells() for row in self.rows)]
        path, shape, parameters, trainable, _ = (max(map(len, column)) for column in zip(*table, strict=True))
        lines = [f"{a:<{path}}  {b:>{shape}}  {c:>{parameters}}  {d:<{trainable}}  {e}" for a, b, c, d, e in table]
        return "\n".join([*lines, self.totals()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in COLUMNS)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row.cells()) + "</tr>" for row in self.rows
        )
        foot = f'<tr><td colspan="{len(COLUMNS)}">{self.totals()}</td></tr>'
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody><tfoot>{foot}</tfoot></table>"


def trainable_report(model: keras.layers.Layer) -> TrainableReport:
    """What of a model is trained, and where each weight came from.

    The source is the name of a preset, file, SavedModel or handle, or "new" for weights that were drawn at random. It
    says what was loaded last: training does not change it.

    Args:
        model: a `GAN` or any Keras model or layer; paths are those of `leaf_layers`.

    Returns:
        `TrainableReport`, one row for each variable.

    Raises:
        UserError: where `model` is no Keras model or layer.

    Example:
        >>> import keras
        >>> inputs = keras.Input((3,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
        >>> print(trainable_report(model))
        path           shape  parameters  trainable  source
        logits/kernel  3 x 2           6  yes        new
        logits/bias        2           2  yes        new
        8 of 8 parameters are trainable (100.0%)
    """
    rows = []
    for leaf in leaves(model):
        for variable, path in zip(leaf.variables, leaf.variable_paths(), strict=True):
            shape = tuple(variable.shape)
            rows.append(Row(path, shape, math.prod(shape), bool(variable.trainable), source_of(variable)))
    return TrainableReport(tuple(rows))
