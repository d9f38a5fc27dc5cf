"""A file of latents to images in a folder."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.autoencoders import open_autoencoder
from keras_transfer_gen.recipes.output.folder_checks import check_folder
from keras_transfer_gen.recipes.output.image_folder import write_folder
from keras_transfer_gen.recipes.report.reporter import SILENT

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import Latents, PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter


KEYS = ("z_mean", "latents", "z", "tokens")  # names of the array in an .npz file; the first that is there is read


def decode(
    model: PathLike | ModelRef | keras.Model,
    latents: PathLike | Latents,
    out: PathLike,
    trust: bool = False,
    reporter: Reporter = SILENT,
) -> np.ndarray:
    """Writes the images of latents to `out/00000.png`, ...

    Args:
        model: `VAE` or `VQVAE`, or what `load_vae` or `load_vq` takes.
        latents: float32 `[N, latent_dim]`, of a VQ-VAE tokens, int `[N, rows, columns]`, or
            the path of an .npz (as `encode` writes it) or .npy file.
        out: a new or empty folder, or one that an earlier command wrote, which is replaced whole.
        trust: whether you vouch for a model from the web.
        reporter: `Reporter`; shows the progress.

    Returns:
        uint8 `[N, S, S, C]`, the images.

    Raises:
        UserError, UserFileError: where the latents don't fit the model, something can't be read, or `out` holds other
            files.

    Example:
        >>> decode("runs/mine", "latents.npz", "decoded/")  # doctest: +SKIP
    """
    check_folder(out)
    path = str(latents) if isinstance(latents, (str, os.PathLike)) else None
    array = read_latents(path) if path else np.asarray(latents)
    images = open_autoencoder(model, trust).decode(array)
    write_folder(images, out, {"latents": path}, reporter)
    return images


def read_latents(path: PathLike) -> np.ndarray:
    """Reads latents from a file.

    Args:
        path: of an .npz file, as `encode` writes it, or an .npy file.

    Returns:
        float32 `[N, D]`, or tokens, integers `[N, rows, columns]`.

    Raises:
        UserFileError, UserError: where there are none.
    """
    path = Path(path)
    if not path.is_file():
        raise checks.file_error("latents", "an .npz or .npy file", path, "`ktg encode` writes one.")
    try:
        array = np.load(path, allow_pickle=False)
        if not isinstance(array, np.ndarray):
            with array as archive:
                name = next((key for key in KEYS if key in archive), None)
                if name is None:
                    expected = "a file with an array " + " or ".join(KEYS)
                    raise checks.file_error("latents", expected, path, f"It holds {', '.join(archive.files)}.")
                array = archive[name]
    except checks.USER_ERRORS:
        raise
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        if "Object arrays" in str(error):
            hint = "It holds Python objects, which are never loaded. Save plain numbers."
        else:
            hint = "It is damaged, cut off or something else. `ktg encode` writes one."
        raise checks.file_error("latents", "a readable .npz or .npy file", path, hint) from error
    if array.ndim == 3 and array.dtype.kind in "iu":
        return array  # tokens
    if array.ndim != 2 or array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        expected = "finite numbers [N, latent_dim], or tokens, integers [N, rows, columns]"
        raise checks.user_error("latents", expected, f"{array.dtype} {array.shape}")
    return array.astype(np.float32)
