"""Which generated images are near-copies of real ones, and a sheet that shows the likeliest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen import pixels
from keras_transfer_gen.metrics.memorisation import memorisation
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.report.sheets import labelled

if TYPE_CHECKING:
    from keras_transfer_gen.metrics.memorisation import Memorisation
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.scoring.kid_protocol import Reference


PAIRS = "pairs: a generated image, then the real image nearest to it"


def find_copies(
    generated: np.ndarray, features: np.ndarray, reference: Reference, reporter: Reporter = SILENT
) -> tuple[Memorisation, np.ndarray]:
    """Looks for near-copies of real images among generated ones.

    Args:
        generated: uint8 `[N, S, S, C]`.
        features: `[N, D]` of `generated`, of the reference's view.
        reference: `kid_protocol.Reference` of at least 2 real images.
        reporter: `Reporter`; shows the progress.

    Returns:
        (`Memorisation`, uint8 `[N, S, S, C]`: the real image to show beside each generated one, mirrored where that is
        nearer).
    """
    tick = reporter.counter("features of mirrored images")
    mirrored = reference.view.extract_reference(reference.images, mirrored=True, progress=tick)
    copies = memorisation(generated, features, reference.images, reference.features, mirrored)
    is_mirrored = np.asarray(copies.nearest_is_mirrored)[:, None, None, None]
    nearest = reference.images[copies.nearest_index]
    return copies, np.where(is_mirrored, nearest[:, :, ::-1], nearest)


def neighbour_sheet(generated: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    """`neighbour_grid` with a line above that explains it, uint8 `[H, W, 3]`."""
    return labelled([(PAIRS, neighbour_grid(generated, nearest))])


def neighbour_grid(generated: np.ndarray, nearest: np.ndarray, num: int = 24, columns: int = 6) -> np.ndarray:
    """A contact sheet of generated images, each beside the real one nearest to it; the likeliest copies come first.

    Args:
        generated: uint8 `[N, S, S, C]`.
        nearest: uint8 `[N, S, S, C]`.
        num: pairs at most.
        columns: pairs in a row.

    Returns:
        uint8 `[H, W, C]`.
    """
    gaps = np.abs(generated.astype(np.int16) - nearest).mean((1, 2, 3))
    first = np.argsort(gaps, kind="stable")[:num]
    pairs = np.concatenate([generated[first], nearest[first]], axis=2)
    framed = np.pad(pairs, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=200)
    return pixels.to_grid(framed, columns)
