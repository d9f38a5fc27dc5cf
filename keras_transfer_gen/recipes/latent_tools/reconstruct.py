"""Images to their reconstructions by a VAE or VQ-VAE, in a folder."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.metrics.edge_similarity import edge_similarity
from keras_transfer_gen.recipes.latent_tools.autoencoders import open_autoencoder
from keras_transfer_gen.recipes.latent_tools.outputs import check_outputs, write_outputs
from keras_transfer_gen.recipes.latent_tools.vae_inputs import read_model_images
from keras_transfer_gen.recipes.report.reporter import SILENT

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import ImageSource, PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter


@dataclasses.dataclass(frozen=True)
class Reconstruction:
    """What `reconstruct` returns.

    Args:
        images: uint8 `[N, S, S, C]`.
        edge_similarity: mean correlation of outlines with the input, in [-1, 1] (see `metrics.edge_similarity`).
        mean_levels: mean absolute difference from the input, in pixel levels.
    """

    images: np.ndarray
    edge_similarity: float
    mean_levels: float

    def to_dict(self) -> dict[str, Any]:
        """The numbers, ready for JSON."""
        return {"num": len(self.images), "edge_similarity": self.edge_similarity, "mean_levels": self.mean_levels}


def reconstruct(
    model: PathLike | ModelRef | keras.Model,
    data: ImageSource,
    out: PathLike | None = None,
    grid: PathLike | None = None,
    trust: bool = False,
    reporter: Reporter = SILENT,
) -> Reconstruction:
    """Encodes and decodes images, by the means of their posteriors or by their tokens, and writes the results.

    Args:
        model: `VAE` or `VQVAE`, or what `load_vae` or `load_vq` takes.
        data: what `load_images` returns or takes.
        out: folder for 00000.png, ..., in the order of the images' names; None writes none.
        grid: PNG file for a sheet of images before and after; None writes none.
        trust: whether you vouch for a model from the web.
        reporter: `Reporter`; shows the progress.

    Returns:
        `Reconstruction`.

    Raises:
        UserError, UserFileError: where something can't be read, or `out` holds other files.

    Example:
        >>> result = reconstruct("noto_vae_64", "photos/", grid="sheet.png")  # doctest: +SKIP
    """
    check_outputs(out, grid)
    autoencoder = open_autoencoder(model, trust)
    inputs = read_model_images(data, autoencoder.spec, reporter=reporter)
    images = autoencoder.reconstruct(inputs.images)
    write_outputs(images, [("input", inputs.images), ("reconstruction", images)], inputs, out, grid, {}, reporter)
    levels = np.abs(images.astype(np.int16) - inputs.images).mean()
    return Reconstruction(images, float(edge_similarity(inputs.images, images).mean()), float(levels))
