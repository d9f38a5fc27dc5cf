"""What every latent tool writes: a file, a folder of images, a labelled sheet. Checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.output.folder_checks import check_folder, check_grid
from keras_transfer_gen.recipes.output.image_folder import write_folder, write_png
from keras_transfer_gen.recipes.report import sheets

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.latent_tools.vae_inputs import ModelImages
    from keras_transfer_gen.recipes.report.reporter import Reporter


SHEET_IMAGES = 36  # of each part of a sheet


def check_file(out: PathLike, suffix: str, hint: str) -> Path:
    """Checks the path of a file to write.

    Args:
        out: the path.
        suffix: how its name must end, such as ".npz".
        hint: a sentence with an example.

    Returns:
        `pathlib.Path`.

    Raises:
        UserError: for a folder or another suffix.
    """
    path = Path(out)
    if path.suffix.lower() != suffix or path.is_dir():
        raise checks.user_error("out", f"a file *{suffix}", str(out), hint)
    return path


def check_outputs(out: PathLike | None, grid: PathLike | None) -> None:
    """Raises a `UserError` or `UserFileError` where a folder or a sheet must not be written; either may be None."""
    if out is not None:
        check_folder(out)
    if grid is not None and out is not None:
        check_grid(grid, out)


def write_outputs(
    images: np.ndarray,
    parts: Sequence[tuple[str, np.ndarray]],
    inputs: ModelImages,
    out: PathLike | None,
    grid: PathLike | None,
    notes: dict[str, Any],
    reporter: Reporter,
) -> None:
    """Writes images as a folder and as a labelled sheet, each where it is wanted; the reporter is shown the sheet.

    Args:
        images: uint8 `[N, S, S, C]`.
        parts: list of (label, uint8 `[N, S, S, C]`), the parts of the sheet.
        inputs: `ModelImages` that the images come from.
        out: folder, or None.
        grid: PNG file, or None.
        notes: JSON-ready dict of the arguments, kept in the folder.
        reporter: `Reporter`; shows the progress.
    """
    if out is not None:
        write_folder(images, out, {"made_from": [str(name) for name in inputs.names], **notes}, reporter)
    sheet = sheets.side_by_side([(label, part[:SHEET_IMAGES]) for label, part in parts])
    reporter.show(sheet)
    if grid is not None:
        with checks.named(out="grid"):
            write_png(grid, sheet)
