"""Several RUNs side by side: their scores, the settings that differ, and their curves."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, files
from keras_transfer_gen.recipes.report.card import format_score
from keras_transfer_gen.recipes.report.curves import KIMG, Line, Panel, draw_curves
from keras_transfer_gen.recipes.report.html_report import page, picture, table
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.training.checkpoint_folders import STATE, latest_checkpoint

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown", "tab:pink", "tab:olive")
CURVES = {"kid": "KID x 1000 to the training images", "elbo": "ELBO, nats per image"}
REPORTED = ("n_real", "reference", "feature_network")  # what must be alike for scores to be comparable


def read_run(path: PathLike) -> dict[str, Any]:
    """What is compared of a finished RUN.

    Args:
        path: the RUN folder.

    Returns:
        dict: "path" (str), "settings" and "metrics" (dicts), "records" (list of dicts: the scores on the way).

    Raises:
        UserError, UserFileError: where there is no finished run.
    """
    folder = RunFolder(path)
    if not folder.exists:
        raise checks.file_error("run", "a RUN folder of `ktg finetune` or `ktg pretrain`", folder.path)
    config = folder.config()
    if not folder.metrics_file.is_file():
        raise checks.user_error("run", "a finished RUN", str(path), "Give its command again to finish it.")
    checkpoint = latest_checkpoint(folder.adapted) if folder.adapted.is_dir() else None
    records = [] if checkpoint is None else files.read_json(checkpoint / STATE).get("records", [])
    settings = {**config["settings"], **{k: v for k, v in config["resolved"].items() if k in config["settings"]}}
    return {
        "path": str(path), "settings": settings, "metrics": files.read_json(folder.metrics_file), "records": records
    }  # fmt: skip


def compare_runs(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Scores and differing settings of several RUNs.

    Args:
        runs: list of what `read_run` returned.

    Returns:
        JSON-ready dict: "runs" (paths), "scores" and "settings" ({name: list of a value a run, None where there is
        none}; of settings those alone that differ), "notes" (list of sentences).
    """
    scores = {name: values for name, values in _by_name(runs, "metrics") if any(map(_is_number, values))}
    settings = {name: values for name, values in _by_name(runs, "settings") if any(v != values[0] for v in values)}
    return {"runs": [run["path"] for run in runs], "scores": scores, "settings": settings, "notes": _notes(scores)}


def table_rows(values: dict[str, list[Any]]) -> list[tuple[str, ...]]:
    """(name, one text a run) of each row of "scores" or "settings" in what `compare_runs` returns."""
    return [(name, *(_text(value) for value in row)) for name, row in values.items()]


def comparison_page(runs: Sequence[dict[str, Any]]) -> str:
    """The comparison as one self-contained HTML page: tables, and the curves of all runs in one picture.

    Args:
        runs: as in `compare_runs`.
    """
    comparison = compare_runs(runs)
    header = ["", *comparison["runs"]]
    parts = [f"<h1>{len(runs)} runs compared</h1>", *(f"<p>{html.escape(note)}</p>" for note in comparison["notes"])]
    parts += ["<h2>Scores</h2>", table(table_rows(comparison["scores"]), header)]
    same = "<p>All settings are the same.</p>"
    settings = table(table_rows(comparison["settings"]), header) if comparison["settings"] else same
    parts += ["<h2>Settings that differ</h2>", settings]
    panels = curve_panels(runs)
    if panels:
        stream = io.BytesIO()
        draw_curves(panels).savefig(stream, format="png", dpi=110)
        parts += ["<h2>Scores on the way</h2>", picture(stream.getvalue(), f"scores on the way, over {KIMG}")]
    return page("runs compared", "\n".join(parts))


def curve_panels(runs: Sequence[dict[str, Any]]) -> list[Panel]:
    """A `Panel` for each score that was taken on the way, with a line for each run that has it."""
    panels = []
    for name, ylabel in CURVES.items():
        lines = []
        for number, run in enumerate(runs):
            records = [record for record in run["records"] if name in record]
            if records:
                points = ([record["kimg"] for record in records], [record[name] for record in records])
                lines.append(Line(run["path"], *points, COLOURS[number % len(COLOURS)], "o-"))
        panels += [Panel(ylabel, lines)] if lines else []
    return panels


def _by_name(runs: Sequence[dict[str, Any]], part: str) -> list[tuple[str, list[Any]]]:
    """(name, its value in each run) of everything that a part of any run has, in the order of the first."""
    names = dict.fromkeys(name for run in runs for name in run[part])
    return [(name, [run[part].get(name) for run in runs]) for name in names]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) or (isinstance(value, dict) and "value" in value)


def _notes(scores: dict[str, list[Any]]) -> list[str]:
    """What makes scores incomparable, a sentence each."""
    notes = []
    for name, values in scores.items():
        measured = [tuple(value.get(key) for key in REPORTED) for value in values if isinstance(value, dict)]
        if name.endswith("_after") and len(set(measured)) > 1:
            notes.append(
                f"{name} was measured against different images or by different networks: don't compare it. "
                "`ktg evaluate` scores each run against the same images."
            )
    return notes


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return format_score(value) if "std" in value else ", ".join(f"{k} {_text(v)}" for k, v in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
