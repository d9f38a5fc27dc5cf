"""Images to a file of latents or tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import files
from keras_transfer_gen.recipes.latent_tools.autoencoders import encode_images, open_autoencoder
from keras_transfer_gen.recipes.latent_tools.outputs import check_file
from keras_transfer_gen.recipes.latent_tools.vae_inputs import read_model_images
from keras_transfer_gen.recipes.report.reporter import SILENT

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import ImageSource, PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter


def encode(
    model: PathLike | ModelRef | keras.Model,
    data: ImageSource,
    out: PathLike,
    trust: bool = False,
    reporter: Reporter = SILENT,
) -> dict[str, np.ndarray]:
    """Writes what images are encoded to, and their names, to an .npz file.

    Args:
        model: `VAE` or `VQVAE`, or what `load_vae` or `load_vq` takes.
        data: what `load_images` returns or takes.
        out: the .npz file; an earlier one is replaced.
        trust: whether you vouch for a model from the web.
        reporter: `Reporter`; shows the progress.

    Returns:
        dict of z_mean and z_log_var, float32 `[N, latent_dim]`, or of a VQ-VAE tokens, int32 `[N, rows, columns]`; and
        names, text `[N]`.

    Raises:
        UserError, UserFileError: where the model or the images can't be read, or `out` can't be written.

    Example:
        >>> latents = encode("noto_vae_64", "photos/", "latents.npz")["z_mean"]  # doctest: +SKIP
    """
    out = check_file(out, ".npz", "Such as --out latents.npz.")
    autoencoder = open_autoencoder(model, trust)
    inputs = read_model_images(data, autoencoder.spec, reporter=reporter)
    arrays: dict[str, Any] = {**encode_images(autoencoder, inputs.images), "names": np.asarray(inputs.names)}
    with files.atomic_path(out) as partial, open(partial, "wb") as stream:  # a stream: NumPy would change the name
        np.savez(stream, **arrays)
    return arrays
