"""Contact sheets of a run: before and after, sheets side by side, and a film (GIF) of the training."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_transfer_gen import files, pixels

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


FRAME_MILLISECONDS = 180
LAST_MILLISECONDS = 2000
MARGIN = 24  # pixels between sheets, and above them for the labels
INDENT = 4  # pixels to the left of a label


def before_after(before: np.ndarray | None, after: np.ndarray, real: np.ndarray) -> np.ndarray:
    """One sheet with three labelled parts: the source's images, those of the same latents after training, real images.

    Args:
        before: uint8 `[N, S, S, C]`, images of the source; None where there is no source.
        after: uint8 `[N, S, S, C]`, images of the trained model.
        real: uint8 `[M, S, S, C]`; as many as `after` has are shown, evenly spread.

    Returns:
        uint8 `[H, W, 3]`.
    """
    shown = np.linspace(0, len(real) - 1, min(len(real), len(after))).round().astype(int)
    parts = [("after", after), ("real", real[shown])]
    if before is not None:
        parts.insert(0, ("before", before))
    return side_by_side(parts)


def side_by_side(parts: Sequence[tuple[str, np.ndarray]]) -> np.ndarray:
    """One sheet with labelled contact sheets in a row.

    Args:
        parts: list of (label, uint8 `[N, S, S, C]`).

    Returns:
        uint8 `[H, W, 3]`.
    """
    return labelled([(label, pixels.to_grid(images)) for label, images in parts])


def labelled(sheets: Sequence[tuple[str, np.ndarray]]) -> np.ndarray:
    """Sheets in a row with labels above, each at least as wide as its label.

    Args:
        sheets: list of (label, uint8 `[H, W, C]`).

    Returns:
        uint8 `[H, W, 3]`.
    """
    sheets = [(label, pixels.to_rgb(sheet[None])[0]) for label, sheet in sheets]
    height = max(sheet.shape[0] for _, sheet in sheets)
    font = ImageFont.load_default()
    widths = [max(sheet.shape[1], int(font.getlength(label)) + 2 * INDENT) for label, sheet in sheets]
    canvas = Image.new("RGB", (sum(widths) + MARGIN * (len(sheets) - 1), height + MARGIN), "white")
    pen, left = ImageDraw.Draw(canvas), 0
    for (label, sheet), width in zip(sheets, widths, strict=True):
        pen.text((left + INDENT, 6), label, fill="black", font=font)
        canvas.paste(Image.fromarray(sheet), (left, MARGIN))
        left += width + MARGIN
    return np.asarray(canvas)


def write_film(path: PathLike, sheets: Sequence[np.ndarray], last: int = LAST_MILLISECONDS) -> None:
    """Writes contact sheets as a film (GIF) that repeats without end.

    Args:
        path: of the file.
        sheets: list of uint8 `[H, W, C]` of one size, in order.
        last: milliseconds for which the last sheet is shown.
    """
    frames = [Image.fromarray(pixels.to_rgb(sheet[None])[0]).quantize(128) for sheet in sheets]
    durations = [FRAME_MILLISECONDS] * (len(frames) - 1) + [last]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
    files.write_bytes(path, stream.getvalue())


def read_sheets(folder: Path) -> list[np.ndarray]:
    """The contact sheets that `SampleGrid` wrote to a folder, in their order, as uint8 `[H, W, 3]`."""
    sheets = []
    for path in sorted(folder.glob("*kimg.png")):
        with Image.open(path) as image:
            sheets.append(np.asarray(image.convert("RGB")))
    return sheets
