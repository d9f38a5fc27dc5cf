"""From what a user calls a model (preset, RUN, `.keras` file, exported SavedModel) to a `VAE`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from keras_transfer_gen import checks
from keras_transfer_gen.export.vae_parts import read_vae_parts
from keras_transfer_gen.recipes.models.keras_file import load_keras
from keras_transfer_gen.recipes.models.resolve import SAVED_MODEL, resolve_model
from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model
from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef


def load_vae(source: PathLike | ModelRef, trust: bool = False, custom_objects: dict[str, Any] | None = None) -> VAE:
    """A `VAE`, always compiled, ready to be frozen, compiled anew and fitted.

    Args:
        source: preset name, RUN folder, `.keras` file, or a SavedModel with signatures `encode` and `decode`: its
            folder, an archive (`.tar.gz`) of it, or an https address. Or a `ModelRef`. A SavedModel that this package
            exported holds its prior and likelihood; a third-party one must take float32 images in [-1, 1], and the
            outputs of `encode` must be called `z_mean` and `z_log_var`.
        trust: whether you vouch for a model from the web: a SavedModel is a program. Nothing is fetched without it.
        custom_objects: dict of name -> class or function that a `.keras` file names and Keras does not know.

    Returns:
        `VAE`, compiled as its file says, or with the defaults of `VAE.compile` where the file does not say.

    Raises:
        UserError, UserFileError: where it can't be found or holds no VAE.

    Example:
        >>> vae = load_vae("noto_vae_64")  # doctest: +SKIP
    """
    checks.check_backend()
    ref = resolve_model(source, trust)
    if ref.kind == SAVED_MODEL:
        with checks.named(path="source"):
            vae = open_vae_folder(fetch_saved_model(ref.path), ref.name)
    else:
        vae = load_keras(ref.path, custom_objects)
    if not isinstance(vae, VAE):
        hint = f"It holds a {type(vae).__name__}. `ktg models` lists what is shipped."
        raise checks.user_error("source", "a model saved from a VAE", ref.name, hint)
    if not vae.compiled:
        vae.compile()
    return vae


def open_vae_folder(folder: Path, source: str) -> VAE:
    """The `VAE` in the folder of a SavedModel, not compiled.

    Its networks are `SavedModelLayer`s: they can be trained, and frozen by the original names of their variables. Norms
    keep their statistics, since the signatures have no training mode.

    Args:
        folder: `pathlib.Path`, as `fetch_saved_model` returns it.
        source: what the user calls it.
    """
    parts = read_vae_parts(folder, source)
    size, channels, latent_dim = parts.shape
    images = keras.Input((size, size, channels), name="images")
    posterior = _layer(folder, "encode")({"images": images})
    encoder = keras.Model(images, [posterior["z_mean"], posterior["z_log_var"]], name="encoder")
    latents = keras.Input((latent_dim,), name="latents")
    decoder = keras.Model(latents, _layer(folder, "decode")({"latents": latents}), name="decoder")
    return VAE(encoder, decoder, prior=parts.prior, likelihood=parts.likelihood, spec=parts.spec)


def _layer(folder: Path, signature: str) -> SavedModelLayer:
    """One signature as a layer, without the warning that norms keep their statistics: the docstring above says it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "SavedModelLayer", UserWarning)
        return SavedModelLayer(str(folder), signature, name=f"saved_{signature}r")
