"""`report.html` of a RUN: its card, pictures, scores and settings in one file that needs nothing beside it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from markdown_it import MarkdownIt

STYLE = "report.css"
SHEETS = 6  # contact sheets that are shown, from the first to the last
# Heading -> (file of the RUN, what it shows).
PICTURES = {
    "Before and after": ("before_after.png", "generated images before and after the training, and training images"),
    "Curves": ("curves.png", "losses and scores during the training"),
    "Nearest training images": ("neighbours.png", "generated images beside the training images nearest to them"),
    "Reconstructions": ("reconstructions.png", "holdout images and their reconstructions"),
    "The training as a film": ("training.gif", "contact sheets during the training"),
}

Item = TypeVar("Item")

ROLLBACKS = ("diverged at", "because", "went back to", "learning rate from then on")


def build_report(path: Path, config: dict[str, Any], metrics: dict[str, Any]) -> str:
    """The report of a finished RUN.

    Args:
        path: `pathlib.Path` of the RUN folder: its README.md and pictures are read; those that are missing are left
            out.
        config: content of config.json.
        metrics: content of metrics.json.

    Returns:
        HTML text, self-contained: no request is made, and a content security policy forbids any.

    Example:
        >>> files.write_text(path / "report.html", build_report(path, config, metrics))  # doctest: +SKIP
    """
    card = (path / "README.md").read_text("utf-8") if (path / "README.md").is_file() else f"# {path.name}"
    parts = [card_html(card), warnings_html(metrics.get("warnings", []))]
    for heading, (name, shown) in PICTURES.items():
        if (path / name).is_file():
            parts.append(f"<h2>{heading}</h2>{picture((path / name).read_bytes(), shown)}")
    sheets = spread(sorted((path / "samples").glob("*.png")), SHEETS)
    if sheets:
        figures = "".join(figure(sheet.read_bytes(), f"{_kimg(sheet)} kimg") for sheet in sheets)
        parts.append(f'<h2>Contact sheets over time</h2><div class="sheets">{figures}</div>')
    if metrics.get("rollbacks"):
        parts.append(f"<h2>Divergences</h2>{table([rollback_row(entry) for entry in metrics['rollbacks']], ROLLBACKS)}")
    rows = list({**config["settings"], **config["resolved"]}.items())
    parts.append(f"<h2>Settings</h2><p>Command: <code>ktg {html.escape(config['command'])}</code></p>{table(rows)}")
    parts.append(f"<details><summary>All numbers</summary>{table(flatten(metrics))}</details>")
    return page(path.name, "\n".join(parts))


def rollback_row(rollback: dict[str, Any]) -> tuple[str, str, str, str]:
    """An entry of "rollbacks" of metrics.json as a row of text."""
    diverged, back = (f"{rollback[name]:.2f} kimg" for name in ("kimg", "back_to_kimg"))
    return diverged, rollback["reason"], back, f"{rollback['learning_rate']:g}"


def warnings_html(warnings: Iterable[dict[str, Any]]) -> str:
    """What went wrong on the way and what to do, as HTML; "" where nothing did.

    Args:
        warnings: list of dicts with "kimg", "text" and "step", as metrics.json holds them.
    """
    items = [
        f"<li>At {warning['kimg']:g} kimg: {html.escape(warning['text'])} <b>{html.escape(warning['step'])}</b></li>"
        for warning in warnings
    ]
    return f"<h2>Warnings</h2><ul>{''.join(items)}</ul>" if items else ""


def page(title: str, body: str) -> str:
    """A whole HTML page with the style of reports.

    Args:
        title: text, escaped here.
        body: HTML.
    """
    style = resources.files(__package__).joinpath(STYLE).read_text("utf-8")
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def card_html(text: str) -> str:
    """A model card as HTML; its pictures are left out, since the report shows them itself.

    HTML inside the text is shown as text, and links stay links only where they lead to the web.
    """
    without_pictures = re.sub(r"^!\[[^\]]*\]\([^)]*\)\n?", "", text, flags=re.MULTILINE)
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.validateLink = lambda url: url.startswith("https://")  # type: ignore[method-assign]
    return parser.render(without_pictures)


def picture(content: bytes, shown: str) -> str:
    """An image as an HTML element that holds its own bytes.

    Args:
        content: bytes of a PNG or GIF file.
        shown: what it shows, for those who can't see it.
    """
    kind = "gif" if content.startswith(b"GIF") else "png"
    encoded = base64.b64encode(content).decode("ascii")
    return f'<img alt="{html.escape(shown)}" src="data:image/{kind};base64,{encoded}">'


def figure(content: bytes, caption: str) -> str:
    """An image with a line below it, as HTML."""
    return f"<figure>{picture(content, caption)}<figcaption>{html.escape(caption)}</figcaption></figure>"


def table(rows: Iterable[Sequence[Any]], header: Sequence[str] = ()) -> str:
    """Rows of values as an HTML table; every value is escaped.

    Args:
        rows: list of sequences; what is no text is shown as JSON.
        header: titles of the columns, or none.
    """
    head = "".join(f"<th>{html.escape(title)}</th>" for title in header)
    lines = ["".join(f"<td>{html.escape(_text(value))}</td>" for value in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="wide"><table>{f"<tr>{head}</tr>" if head else ""}{body}</table></div>'


def flatten(values: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Nested dicts as rows (path, value).

    Example:
        >>> flatten({"kid": {"value": 3.0}, "kimg": 1})
        [('kid.value', 3.0), ('kimg', 1)]
    """
    rows = []
    for name, value in values.items():
        path = f"{prefix}{name}"
        rows += flatten(value, f"{path}.") if isinstance(value, dict) else [(path, value)]
    return rows


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """At most `count` items, evenly from the first to the last.

    Example:
        >>> spread([0, 1, 2, 3, 4, 5, 6], 3)
        [0, 3, 6]
    """
    if len(items) <= count:
        return list(items)
    return [items[round(position * (len(items) - 1) / (count - 1))] for position in range(count)]


def _kimg(sheet: Path) -> str:
    """The kimg of a contact sheet's name, such as "2.5" of "00002.500kimg.png"."""
    number = re.match(r"[\d.]+", sheet.name)
    return f"{float(number[0].rstrip('.')):g}" if number else sheet.stem


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
