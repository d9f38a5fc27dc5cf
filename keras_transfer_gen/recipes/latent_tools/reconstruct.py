"""ImageSet -> what a VAE keeps of them, in a folder."""

import dataclasses

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.edge_similarity import edge_similarity
from keras_transfer_gen.recipes.latent_tools.vae_inputs import open_vae, read_model_images
from keras_transfer_gen.recipes.output.folder_checks import check_folder, check_grid
from keras_transfer_gen.recipes.output.image_folder import write_folder, write_png
from keras_transfer_gen.recipes.report import sheets
from keras_transfer_gen.recipes.report.reporter import SILENT

SHOWN = 36  # images on a sheet


@dataclasses.dataclass(frozen=True)
class Reconstructed:
    """What `reconstruct` made.

    Args:
        images: uint8 `[N, S, S, C]`.
        edge_similarity: mean correlation of outlines with the input, in [-1, 1] (see `metrics.edge_similarity`).
        mean_levels: mean absolute difference from the input, in pixel levels.
    """

    images: np.ndarray
    edge_similarity: float
    mean_levels: float

    def to_dict(self):
        """The numbers, ready for JSON."""
        return {"num": len(self.images), "edge_similarity": self.edge_similarity, "mean_levels": self.mean_levels}


def reconstruct(model, data, out=None, grid=None, trust=False, reporter=SILENT):
    """Sends images through a VAE, by the means of their posteriors, and writes what comes out.

    Args:
        model: `VAE`, or what `load_vae` takes.
        data: what `load_images` returns or takes.
        out: folder for 00000.png, ..., in the order of the images' names; None writes none.
        grid: PNG file for a sheet of images before and after; None writes none.
        trust: whether you vouch for a model from the web.
        reporter: told of the progress.

    Returns:
        `Reconstructed`.

    Raises:
        UserError, UserFileError: where something can't be read, or `out` holds other files.
    """
    check_places(out, grid)
    vae = open_vae(model, trust)
    given = read_model_images(data, vae.spec, reporter=reporter)
    images = vae.reconstruct(given.images)
    write_places(images, [("input", given.images), ("reconstruction", images)], given, out, grid, {}, reporter)
    levels = np.abs(images.astype(np.int16) - given.images).mean()
    return Reconstructed(images, float(edge_similarity(given.images, images).mean()), float(levels))


def check_places(out, grid):
    """Refuses a folder or a sheet that can't be written, before anything is computed."""
    if out is not None:
        check_folder(out)
    if grid is not None and out is not None:
        check_grid(grid, out)


def write_places(images, parts, given, out, grid, notes, reporter):
    """Writes images as a folder and a labelled sheet, each where it was asked for.

    Args:
        images: uint8 `[N, S, S, C]`.
        parts: list of (label, uint8 `[N, S, S, C]`) of the sheet.
        given: `ModelImages`, what they were made from.
        out: folder, or None.
        grid: PNG file, or None.
        notes: JSON-ready dict of how they were made.
        reporter: told of the progress.
    """
    if out is not None:
        write_folder(images, out, {"made_from": [str(name) for name in given.names], **notes}, reporter)
    sheet = sheets.side_by_side([(label, part[:SHOWN]) for label, part in parts])
    reporter.show(sheet)
    if grid is not None:
        with checks.named(out="grid"):
            write_png(grid, sheet)
