"""Images to a file of latents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import files
from keras_transfer_gen.recipes.latent_tools.outputs import check_file
from keras_transfer_gen.recipes.latent_tools.vae_inputs import open_vae, read_model_images
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
    """Writes the posteriors of images to an .npz file: z_mean, z_log_var, names.

    Args:
        model: `VAE`, or what `load_vae` takes.
        data: what `load_images` returns or takes.
        out: the .npz file; an earlier one is replaced.
        trust: whether you vouch for a model from the web.
        reporter: `Reporter`; shows the progress.

    Returns:
        dict of z_mean and z_log_var, float32 `[N, latent_dim]`, and names, text `[N]`.

    Raises:
        UserError, UserFileError: where the model or the images can't be read, or `out` can't be written.

    Example:
        >>> latents = encode("noto_vae_64", "photos/", "latents.npz")["z_mean"]  # doctest: +SKIP
    """
    out = check_file(out, ".npz", "Such as --out latents.npz.")
    vae = open_vae(model, trust)
    inputs = read_model_images(data, vae.spec, reporter=reporter)
    z_mean, z_log_var = vae.encode(inputs.images)
    arrays: dict[str, Any] = {"z_mean": z_mean, "z_log_var": z_log_var, "names": np.asarray(inputs.names)}
    with files.atomic_path(out) as partial, open(partial, "wb") as stream:  # a stream: NumPy would change the name
        np.savez(stream, **arrays)
    return arrays
