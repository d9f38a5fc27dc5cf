"""The pictures of a run whose model encodes images, a VAE's or a VQ-VAE's: reconstructions and curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from keras_transfer_gen import files, pixels
from keras_transfer_gen.recipes.report import curves, sheets
from keras_transfer_gen.recipes.training.measure import SHEET_IMAGES
from keras_transfer_gen.training.callbacks import read_history

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Training


def draw_pictures(
    run: Run, images: RunImages, tuned: Training, scratch: Training | None, panels: Callable[..., list[curves.Panel]]
) -> None:
    """Writes reconstructions.png, of images of the holdout, and curves.png.

    Args:
        run: `Run`.
        images: the run's images.
        tuned: the `Training` of the run.
        scratch: the `Training` from scratch, or None.
        panels: function (rows of history.csv, records, records from scratch, rollbacks) -> panels of the curves.
    """
    folder, holdout = run.folder, images.holdout[:SHEET_IMAGES]
    pair = [("held out", holdout), ("reconstruction", tuned.model.reconstruct(holdout))]
    files.write_bytes(folder.path / "reconstructions.png", pixels.to_png(sheets.side_by_side(pair)))
    rows = read_history(folder.history_file) if folder.history_file.is_file() else []
    drawn = panels(rows, tuned.records, scratch.records if scratch else [], tuned.rollbacks)
    curves.write_curves(folder.path / "curves.png", drawn)
