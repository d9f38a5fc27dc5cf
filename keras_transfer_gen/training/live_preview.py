"""A live view of a training in a notebook: the newest images and the losses, beside Keras' progress bar."""

from __future__ import annotations

import base64
import html
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import files, pixels
from keras_transfer_gen.training.callbacks import EveryKimg
from keras_transfer_gen.training.class_sheets import draw_sheet

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.aliases import PathLike


WIDTH, HEIGHT, MARGIN = 420, 220, 34  # of the curves, in pixels
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#e377c2")
FORMAT = "{:.4g}"


class LivePreview(EveryKimg):
    """Shows the newest images and the curves of the losses while a training runs.

    In Jupyter one output below the cell is renewed again and again. Elsewhere the images are written to a PNG file,
    which is said once. A preview that fails says why, once, and the training goes on.

    Args:
        kimg: thousands of images from one view to the next.
        num: images on the sheet.
        seed: of their latents.
        path: PNG file for the images where there is no notebook.

    Raises:
        UserError: for a `kimg` that is not above 0.

    Example:
        >>> preview = LivePreview(kimg=0.5)
        >>> gan.fit(dataset, callbacks=[preview])  # doctest: +SKIP
    """

    def __init__(
        self, kimg: float = 0.25, num: int = 16, seed: int = 0, path: PathLike | None = "live_preview.png"
    ) -> None:
        super().__init__(kimg)
        self.num, self.seed, self.path = num, seed, Path(path)
        self.rows = []
        self._output = None  # what Jupyter shows, to be renewed
        self._failed = self._announced = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        self._show()

    def act(self, kimg: float, logs: dict[str, Any]) -> None:
        self.rows.append({"kimg": kimg, **logs})
        self._show()

    def _show(self) -> None:
        if self._failed:
            return
        try:
            sheet = draw_sheet(self.model, self.num, self.seed)
            if is_notebook():
                self._display(sheet)
            else:
                files.write_bytes(self.path, pixels.to_png(sheet))
                self._say_once(f"LivePreview: no notebook here, so the newest images are written to {self.path}")
        except Exception as error:  # a view must never end a training
            self._failed, self._announced = True, False
            self._say_once(f"LivePreview stopped: {' '.join(str(error).split())}. The training goes on.")

    def _display(self, sheet: np.ndarray) -> None:
        from IPython.display import HTML, display

        page = HTML(preview_html(pixels.to_png(sheet), self.rows))
        if self._output is None:
            self._output = display(page, display_id=True)
        else:
            self._output.update(page)

    def _say_once(self, line: str) -> None:
        if not self._announced:
            self._announced = True
            print(line, file=sys.stderr)


def is_notebook() -> bool:
    """Whether this runs in a Jupyter kernel, which can show a page (bool)."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def preview_html(png: bytes, rows: list[dict[str, float]]) -> str:
    """The images and the curves beside them, as HTML without scripts.

    Args:
        png: bytes of a PNG file.
        rows: dicts of float, each with "kimg".

    Returns:
        str.
    """
    image = base64.b64encode(png).decode("ascii")
    shown = f"{rows[-1]['kimg']:.2f} kimg" if rows else "before training"
    return (
        '<div style="display:flex;gap:16px;flex-wrap:wrap;align-items:flex-start">'
        f'<figure style="margin:0"><img alt="newest images" src="data:image/png;base64,{image}" '
        f'style="max-width:420px"><figcaption>newest images, {shown}</figcaption></figure>{curves_svg(rows)}</div>'
    )


def curves_svg(rows: list[dict[str, float]]) -> str:
    """The curves of the losses, or of all values where none is called a loss, as SVG; "" for fewer than two rows.

    Args:
        rows: dicts of float, each with "kimg".
    """
    names = [name for name in (rows[0] if rows else {}) if name != "kimg" and all(name in row for row in rows)]
    names = [name for name in names if "loss" in name] or names
    values = [row[name] for row in rows for name in names]
    if len(rows) < 2 or not values:
        return ""
    low, high, first, last = min(values), max(values), rows[0]["kimg"], rows[-1]["kimg"]
    across, up = (WIDTH - 2 * MARGIN) / max(last - first, 1e-9), (HEIGHT - 2 * MARGIN) / max(high - low, 1e-9)

    def point(row: dict[str, float], name: str) -> str:
        return f"{MARGIN + (row['kimg'] - first) * across:.1f},{HEIGHT - MARGIN - (row[name] - low) * up:.1f}"

    lines, legend = [], []
    for index, name in enumerate(names):
        colour = COLOURS[index % len(COLOURS)]
        points = " ".join(point(row, name) for row in rows)
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>')
        legend.append(f'<tspan fill="{colour}" dx="6">{html.escape(name)} {FORMAT.format(rows[-1][name])}</tspan>')
    axis = (
        f'<text x="2" y="{MARGIN}">{FORMAT.format(high)}</text>'
        f'<text x="2" y="{HEIGHT - MARGIN}">{FORMAT.format(low)}</text>'
        f'<text x="{MARGIN}" y="{HEIGHT - 8}">{FORMAT.format(first)}</text>'
        f'<text x="{WIDTH - 2 * MARGIN}" y="{HEIGHT - 8}">{FORMAT.format(last)} kimg</text>'
    )
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" font-size="11" font-family="sans-serif" fill="gray" '
        f'role="img" aria-label="curves of the losses">{"".join(lines)}{axis}<text x="{MARGIN}" y="14">'
        f"{''.join(legend)}</text></svg>"
    )
