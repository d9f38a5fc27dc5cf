"""Learning curves as a figure: panels of lines, which each family supplies."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import files

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from keras_transfer_gen.aliases import PathLike


VIEW_NAMES = {"kid": "KID", "kid_second": "second network", "layout": "layout"}
VIEW_COLOURS = {"kid": "tab:green", "kid_second": "tab:purple", "layout": "tab:brown"}
HEALTH = {  # score on the way: (its name in the legend, its colour)
    "precision": ("precision", "tab:blue"),
    "recall": ("recall", "tab:cyan"),
    "spread": ("spread of the images", "tab:orange"),
    "memory_gap": ("known by heart", "tab:red"),
}
KIMG = "kimg (thousands of real images shown)"


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of a panel.

    Args:
        label: its name in the legend.
        kimg: list of float, its points' thousands of images.
        values: list of float, as many.
        colour: a name of matplotlib.
        style: "-" for a line, "o-" for a line with points, "ring" for a large circle around each point.
    """

    label: str
    kimg: list[float]
    values: list[float]
    colour: str
    style: str = "-"


@dataclasses.dataclass(frozen=True)
class Panel:
    """One of the diagrams of a figure.

    Args:
        ylabel: what the values are.
        lines: list of `Line`; empty ones are left out.
        scale: "linear", "log", or "symlog" for values from a few to many thousands of either sign.
        xlabel: what `Line.kimg` is, where it is something else.
        marks: list of float, kimg of vertical lines: where a training diverged and went back.
    """

    ylabel: str
    lines: list[Line]
    scale: str = "linear"
    xlabel: str = KIMG
    marks: list[float] = dataclasses.field(default_factory=list)


def gan_panels(
    rows: Sequence[dict[str, float]],
    records: Sequence[dict[str, Any]],
    scratch_records: Sequence[dict[str, Any]],
    kept: float | None = None,
    rollbacks: Sequence[dict[str, Any]] = (),
) -> list[Panel]:
    """The panels of a GAN's run: both losses, KID, and each view's score relative to the first one.

    Args:
        rows: rows of history.csv, dicts with "kimg", "d_loss" and "g_loss".
        records: scores of the run, dicts with "kimg" and "kid", of version 0.3 on "kid_second" and "layout" as well.
        scratch_records: the same of the run from scratch; may be empty.
        kept: kimg of the weights that the run keeps, for a ring around their score; None for the last ones.
        rollbacks: dicts with "kimg", where the training diverged.
    """
    scores = score_lines(records, scratch_records, "kid")
    ring = [record for record in records if record["kimg"] == kept][-1:]
    scores.append(Line("kept", [r["kimg"] for r in ring], [r["kid"] for r in ring], "tab:green", "ring"))
    positive = all(record["kid"] > 0 for record in [*records, *scratch_records])  # an unbiased estimate may be negative
    panels = [
        Panel("loss", loss_lines(rows, {"d_loss": "tab:blue", "g_loss": "tab:orange"}), marks=kimg_of(rollbacks)),
        Panel("KID x 1000 to the training images", scores, "log" if positive else "linear"),
    ]
    if views := view_lines(records):
        panels.append(Panel("score of each view, relative to the first", views))
    if health := health_lines(records):
        panels.append(Panel("signs that a training goes wrong", health))
    return panels


def health_lines(records: Sequence[dict[str, Any]]) -> list[Line]:
    """A line for each sign that was measured on the way; none of runs before these were.

    Args:
        records: list of dicts with "kimg" and, perhaps, the keys of `HEALTH`.
    """
    lines = []
    for name, (label, colour) in HEALTH.items():
        known = [record for record in records if record.get(name) is not None]
        if known:
            kimg, values = [record["kimg"] for record in known], [record[name] for record in known]
            lines.append(Line(label, kimg, values, colour, "o-"))
    return lines


def view_lines(records: Sequence[dict[str, Any]]) -> list[Line]:
    """A line for each view that all records have a score of, as a share of the first; none where KID is the only one.

    Args:
        records: list of dicts with "kimg" and scores.
    """
    names = [name for name in VIEW_COLOURS if records and all(name in record for record in records)]
    if len(names) < 2 or min(records[0][name] for name in names) <= 0:
        return []
    kimg = [record["kimg"] for record in records]
    return [
        Line(VIEW_NAMES[name], kimg, [record[name] / records[0][name] for record in records], VIEW_COLOURS[name], "o-")
        for name in names
    ]


def vae_panels(
    rows: Sequence[dict[str, float]],
    records: Sequence[dict[str, Any]],
    scratch_records: Sequence[dict[str, Any]],
    rollbacks: Sequence[dict[str, Any]] = (),
) -> list[Panel]:
    """The panels of a VAE's run: both parts of the loss, and the ELBO.

    Args:
        rows: rows of history.csv, dicts with "kimg", "reconstruction_loss" and "kl_loss".
        records: scores of the run, dicts with "kimg" and "elbo".
        scratch_records: the same of the run from scratch; may be empty.
        rollbacks: dicts with "kimg", where the training diverged.
    """
    negative = any(record["elbo"] < 0 for record in [*records, *scratch_records])
    return [
        Panel(
            "nats per image, in training",
            loss_lines(rows, {"reconstruction_loss": "tab:blue", "kl_loss": "tab:orange"}),
            marks=kimg_of(rollbacks),
        ),
        Panel(
            "ELBO, nats per image\n(images not trained on)", score_lines(records, scratch_records, "elbo"),
            "symlog" if negative else "linear",
        ),
    ]  # fmt: skip


def vq_panels(
    rows: list[dict[str, float]],
    records: list[dict[str, Any]],
    scratch_records: list[dict[str, Any]],
    rollbacks: Iterable[dict[str, Any]] = (),
) -> list[Panel]:
    """The panels of a VQ-VAE's run: the losses of both parts, and the scores on images that are not trained on.

    Args:
        rows: rows of history.csv, dicts with "kimg" and "reconstruction_loss" or "nats".
        records: scores of the run, dicts with "kimg" and "psnr" or "nats".
        scratch_records: the same of the run from scratch; may be empty.
        rollbacks: dicts with "kimg", where the training diverged.
    """
    losses = [Line("training", *_points(rows, "nats"), "tab:blue")]
    losses += [
        Line(f"put aside, {label}", *_points(run, "nats"), colour, "o-")
        for label, run, colour in (("this run", records, "tab:green"), ("from scratch", scratch_records, "tab:red"))
    ]
    psnr = [
        Line(label, *_points(run, "psnr"), colour, "o-")
        for label, run, colour in (("this run", records, "tab:green"), ("from scratch", scratch_records, "tab:red"))
    ]
    error = [Line("reconstruction loss", *_points(rows, "reconstruction_loss"), "tab:blue")]
    return [
        Panel("reconstruction loss, in training", error, marks=kimg_of(rollbacks)),
        Panel("PSNR, dB\n(images not trained on)", psnr),
        Panel("nats per image", losses),
    ]


def _points(rows: list[dict[str, Any]], name: str) -> tuple[list[float], list[float]]:
    """(kimg, values) of the rows that have a value of this name."""
    own = [row for row in rows if name in row]
    return [row["kimg"] for row in own], [row[name] for row in own]


def kimg_of(entries: Iterable[dict[str, Any]]) -> list[float]:
    """The kimg of dicts that have some: list of float."""
    return [entry["kimg"] for entry in entries]


def loss_lines(rows: Sequence[dict[str, float]], colours: dict[str, str]) -> list[Line]:
    """A `Line` for each of some columns of history.csv.

    Args:
        rows: list of dicts with "kimg" and the columns.
        colours: dict of column -> colour.
    """
    kimg = [row["kimg"] for row in rows]
    return [Line(name.replace("_", " "), kimg, [row[name] for row in rows], colour) for name, colour in colours.items()]


def score_lines(records: Sequence[dict[str, Any]], scratch_records: Sequence[dict[str, Any]], name: str) -> list[Line]:
    """The lines of a score of the run and of the run from scratch."""
    runs = (("this run", records, "tab:green"), ("from scratch", scratch_records, "tab:red"))
    return [Line(label, [r["kimg"] for r in run], [r[name] for r in run], colour, "o-") for label, run, colour in runs]


def write_curves(path: PathLike, panels: Sequence[Panel]) -> None:
    """Writes a figure as a PNG file.

    Args:
        path: of the file.
        panels: list of `Panel`.
    """
    stream = io.BytesIO()
    draw_curves(panels).savefig(stream, format="png", dpi=110)
    files.write_bytes(path, stream.getvalue())


def draw_curves(panels: Sequence[Panel]) -> Figure:
    """The `matplotlib.figure.Figure` of some panels, side by side."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5 * len(panels), 3.4), layout="constrained")
    FigureCanvasAgg(figure)  # no window system is touched
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for line in panel.lines:
            if line.kimg:
                shape = {"marker": "o", "ms": 12, "mfc": "none", "ls": ""} if line.style == "ring" else {}
                form = () if shape else (line.style,)
                axes.plot(line.kimg, line.values, *form, color=line.colour, label=line.label, **shape)
        for kimg in panel.marks:
            axes.axvline(kimg, color="grey", ls=":", label="diverged, went back" if kimg == panel.marks[0] else None)
        axes.set(xlabel=panel.xlabel, ylabel=panel.ylabel)
        _set_scale(axes, panel.scale)
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(frameon=False)
    return figure


def _set_scale(axes: Any, scale: str) -> None:
    from matplotlib.ticker import LogFormatter

    axes.set_yscale(scale, **({"linthresh": 1000.0} if scale == "symlog" else {}))
    if scale == "log":
        axes.yaxis.set_major_formatter(LogFormatter())  # 200, not 2 x 10^2
        axes.yaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.7)))
