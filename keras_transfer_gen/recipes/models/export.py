"""From a trained model to files that serve it: SavedModel and TFLite, each compared with the Keras model."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.saved_model import write_saved_model
from keras_transfer_gen.export.serving_files import check_serving_files, is_version, write_serving_files
from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.export.tflite_metadata import read_tflite_metadata
from keras_transfer_gen.export.vae import vae_servable
from keras_transfer_gen.export.vq import VqNetworks, vq_servable
from keras_transfer_gen.recipes.models.load import load_generator
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.models.load_vq import load_vq
from keras_transfer_gen.recipes.models.resolve import ModelRef, resolve_model
from keras_transfer_gen.recipes.models.served_card import served_card
from keras_transfer_gen.training.token_sampler import build_sampler
from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.training.vqvae import VQVAE

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.export.servable import Servable
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


WHOLE = (VAE, VQVAE)  # models that are exported whole, not their generator alone
LOADERS: dict[str, Callable[..., Any]] = {  # family -> function (`ModelRef`, overrides) -> what is exported
    "gan": lambda ref, overrides: load_generator(ref, overrides=overrides),
    "vae": lambda ref, overrides: load_vae(ref),
    "vq": lambda ref, overrides: load_vq(ref),
    "": lambda ref, overrides: load_generator(ref, overrides=overrides),  # a third-party model
}


def export_saved_model(
    model: PathLike | ModelRef | keras.Model | tuple[keras.Model, ModelSpec],
    path: PathLike,
    card: str | None = None,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
) -> Path:
    """Writes a SavedModel for TF Serving: `serving_default`, latents -> images, and `generate`, a seed -> images.

    That of a VAE draws from its prior, and also has `encode`, `decode` and `reconstruct`. Beside a folder whose name is
    a number, a version, it also writes what a server needs: see `serving_files`.

    Args:
        model: `GAN`, whose averaged generator is exported; `VAE`; (generator, spec) as `load_generator` returns them;
            or a source that it or `load_vae` takes.
        path: folder to write; an earlier export there is replaced whole.
        card: text of a model card to keep with it; by default the model's own, or a short one.
        trust: whether you vouch for a source from the web, see `load_generator`.
        overrides: `SpecOverrides`, what is given of a third-party generator instead of measured, or None.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        RuntimeError: where the exported model generates other images than the Keras model.

    Example:
        >>> export_saved_model("runs/cats", "serving/cats/1")  # doctest: +SKIP
    """
    servable, with_files = servable_of(load_exported(model, trust, overrides)), is_version(path)
    if with_files:
        check_serving_files(path)
    card = served_card(model, servable.spec, trust) if card is None else card
    written = write_saved_model(servable, path, card=card)
    if with_files:
        write_serving_files(servable.spec, path, card)
    return written


def export_tflite(
    model: PathLike | ModelRef | keras.Model | tuple[keras.Model, ModelSpec],
    path: PathLike,
    batch_size: int = 1,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
    part: str = "sampler",
    quantize: str = "none",
) -> Path:
    """Writes a TFLite file with builtin operators: latents `[batch_size, latent_dim]` -> images.

    Args:
        model: as in `export_saved_model`.
        path: file to write; an earlier one is replaced.
        batch_size: images of one call; fixed in the file. That of a VAE's encoder can't be resized later.
        trust: as in `export_saved_model`.
        overrides: as in `export_saved_model`.
        part: of a VAE, "sampler" (latents from N(0, 1) -> images of its prior), "encoder" (images -> `z_mean` and
            `z_log_var`) or "decoder"; a GAN has the first alone.
        quantize: "none" (float32), "float16", "dynamic", "int8" or "int16x8"; see `write_tflite`.

    Returns:
        `pathlib.Path` of the file.

    Raises:
        RuntimeError: where the exported model generates other images than the Keras model.

    Example:
        >>> export_tflite("runs/cats", "cats.tflite", quantize="float16")  # doctest: +SKIP
    """
    servable = servable_of(load_exported(model, trust, overrides))
    return write_tflite(servable, path, batch_size=batch_size, part=part, quantize=quantize)


def float_layers(path: PathLike) -> list[str]:
    """The layers that compute in float32 in an int8 file that `export_tflite` wrote: list of paths."""
    return read_tflite_metadata(path)["float_layers"]


def export_parts(model: VAE | VQVAE, folder: PathLike) -> list[Path]:
    """Writes `sampler.tflite`, `encoder.tflite` and `decoder.tflite` of a model into a folder; returns their paths.

    Args:
        model: `VAE` or `VQVAE`.
        folder: that is made where it is missing.
    """
    servable = servable_of(model)
    return [write_tflite(servable, Path(folder) / f"{part}.tflite", part=part) for part in servable.parts]


def servable_of(exported: VAE | VQVAE | tuple[keras.Model, ModelSpec]) -> Servable:
    """The `Servable` of a `VAE`, a `VQVAE` or of (generator, spec)."""
    if isinstance(exported, VQVAE):
        parts = (build_sampler(exported), exported.encoder, exported.decoder, exported.quantizer)
        return vq_servable(VqNetworks(*parts, exported.spec))
    return vae_servable(exported) if isinstance(exported, VAE) else generator_servable(*exported)


def spec_of(exported: VAE | VQVAE | tuple[keras.Model, ModelSpec]) -> ModelSpec:
    """The `ModelSpec` of a `VAE`, a `VQVAE` or of (generator, spec)."""
    return exported.spec if isinstance(exported, WHOLE) else exported[1]


def load_exported(
    model: PathLike | ModelRef | keras.Model | tuple[keras.Model, ModelSpec],
    trust: bool = False,
    overrides: SpecOverrides | None = None,
) -> VAE | VQVAE | tuple[keras.Model, ModelSpec]:
    """What is exported of a model.

    Args:
        model: as in `export_saved_model`.
        trust: as in `export_saved_model`.
        overrides: as in `export_saved_model`.

    Returns:
        `VAE`, `VQVAE`, or (generator, `ModelSpec`).
    """
    if isinstance(model, (str, os.PathLike, ModelRef)):
        with checks.named(source="model"):
            ref = resolve_model(model, trust)
            return LOADERS[ref.family](ref, overrides)
    return model if isinstance(model, (tuple, *WHOLE)) else (model.ema_generator, model.spec)
