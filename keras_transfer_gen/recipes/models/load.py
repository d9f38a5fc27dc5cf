"""From what a user calls a model (preset, RUN, `.keras` file, any SavedModel) to a `GAN` or to a Keras generator."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.export.saved_model import is_exported, read_spec
from keras_transfer_gen.recipes.models.keras_file import load_keras
from keras_transfer_gen.recipes.models.network_files import open_network_file
from keras_transfer_gen.recipes.models.new_discriminator import new_discriminator
from keras_transfer_gen.recipes.models.prefetch import prefetch
from keras_transfer_gen.recipes.models.resolve import NETWORK_FILE, SAVED_MODEL, resolve_model
from keras_transfer_gen.saved_model_layout import SPEC_FILE
from keras_transfer_gen.training.distribution import outside_scope
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.latents import numbered_latents
from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.training.vqvae import VQVAE
from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.provenance import name_of, note_source
from keras_transfer_gen.transfer.saved_model.files import load_saved_model
from keras_transfer_gen.transfer.saved_model.generator import wrap_saved_model
from keras_transfer_gen.transfer.saved_model.keras_generator import measure_keras_model, wrap_keras_model
from keras_transfer_gen.transfer.saved_model.measure import measure_generator

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


def load_gan(
    source: PathLike | ModelRef,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
    custom_objects: dict[str, Any] | None = None,
) -> GAN:
    """A `GAN`, always compiled, ready to be frozen, compiled anew and fitted.

    A source without a discriminator, as every SavedModel and a `.keras` file of a generator alone, gets a new one,
    which begins with what the preset's has learnt: let it learn alone for a while, with
    `freeze(gan, {"generator/.*": False})`, before it teaches the generator.

    Args:
        source: preset name, RUN folder, `.keras` file, or a SavedModel, of this package or a third party: its folder,
            an archive (`.tar.gz`) of it, an address such as https://tfhub.dev/OWNER/MODEL/1 or
            https://www.kaggle.com/models/OWNER/MODEL/tensorFlow2/VARIATION/1, or another https address. Or a
            `ModelRef`.
        trust: whether you vouch for a model from the web: a SavedModel is a program. Nothing is fetched without it.
        overrides: `SpecOverrides`, what is given of a third-party generator instead of measured, or None.
        custom_objects: dict of name -> class or function that a `.keras` file names and Keras does not know.

    Returns:
        `GAN`, compiled as its file says, or with the defaults of `GAN.compile` where the file does not say.

    Raises:
        UserError, UserFileError: where it can't be found or used; for what is no generator the message lists its
            inputs and outputs.

    Example:
        >>> gan = load_gan("noto_gan_64")  # doctest: +SKIP
    """
    return load_source(source, trust, overrides, custom_objects)[0]


def load_source(
    source: PathLike | ModelRef,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
    custom_objects: dict[str, Any] | None = None,
) -> tuple[GAN, bool]:
    """As `load_gan`, but (gan, whether its discriminator is new)."""
    ref = resolve_model(source, trust)
    model = _load(ref, overrides, custom_objects)
    gan = model if isinstance(model, GAN) else GAN(model[0], new_discriminator(model[1], ref.name), spec=model[1])
    if not gan.compiled:
        gan.compile()
    return gan, gan is not model


def load_generator(
    source: PathLike | ModelRef,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
    custom_objects: dict[str, Any] | None = None,
) -> tuple[keras.Model, ModelSpec]:
    """The generator of a source as a Keras model, and its `ModelSpec`.

    Args:
        source: as in `load_gan`; of a GAN the averaged generator.
        trust: as in `load_gan`.
        overrides: as in `load_gan`.
        custom_objects: as in `load_gan`.

    Returns:
        (generator, spec): `keras.Model` named "generator", float32 latents `[batch, latent_dim]`, or {"latents": those,
        "labels": int `[batch]`} where `spec.num_classes` is not 0, -> float32 images `[batch, H, W, C]` in [-1, 1] (a
        network without a last activation may leave that range). A third-party SavedModel is a `SavedModelLayer` in it;
        `freeze` knows its variables by their original names.

    Raises:
        UserError, UserFileError: as `load_gan`.

    Example:
        >>> generator, spec = load_generator("https://tfhub.dev/google/progan-128/1", trust=True)  # doctest: +SKIP
    """
    model = _load(resolve_model(source, trust), overrides, custom_objects)
    if not isinstance(model, GAN):
        return model
    model.generator.set_weights(model.ema_generator.get_weights())
    freeze(model, {".*": True})  # a generator of a RUN may have frozen layers
    return model.generator, model.spec


def _load(
    ref: ModelRef, overrides: SpecOverrides | None, custom_objects: dict[str, Any] | None
) -> GAN | tuple[keras.Model, ModelSpec]:
    """A `GAN`, or (generator, spec) where there is no discriminator; `ref` is a `ModelRef`."""
    checks.check_backend()
    if ref.kind == SAVED_MODEL:
        with checks.named(path="source"):
            return open_saved_model(fetch_saved_model(ref.path), ref.name, overrides)
    if ref.kind == NETWORK_FILE:
        model, _ = open_network_file(prefetch(ref).path, ref.name)
        spec = model.spec if isinstance(model, GAN) else model[1]
        if overrides:
            overrides.check_known(spec, ref.name)
        return model
    model = load_keras(ref.path, custom_objects)
    if isinstance(model, VQVAE):
        step = "It holds a VQ-VAE: load_vq(...) in Python; `ktg finetune` takes it as it is."
        raise checks.user_error("source", "a GAN or a generator", ref.name, step)
    if isinstance(model, VAE):
        step = "It holds a VAE: load_vae(...) in Python; `ktg finetune` takes it as it is."
        raise checks.user_error("source", "a GAN or a generator", ref.name, step)
    note_source(model, name_of(ref.name))
    if not isinstance(model, GAN):
        return open_keras_model(model, ref.name, overrides)
    if overrides:
        overrides.check_known(model.spec, ref.name)
    return model


def open_saved_model(
    folder: Path, source: str, overrides: SpecOverrides | None = None
) -> tuple[keras.Model, ModelSpec]:
    """(generator, spec) of the SavedModel in a folder.

    Args:
        folder: `pathlib.Path`, as `fetch_saved_model` returns it.
        source: what the user calls it.
        overrides: `SpecOverrides` or None.
    """
    loaded = outside_scope(load_saved_model, folder)
    measured = outside_scope(measure_generator, loaded, source, first_latents, overrides)
    if is_exported(folder):
        with checks.named(path="source"):
            spec = read_spec(folder / SPEC_FILE)  # what is known of it replaces what can be measured
        measured = dataclasses.replace(measured, spec=spec)
    return wrap_saved_model(folder, source, measured, loaded)


def open_keras_model(
    model: keras.Model, source: str, overrides: SpecOverrides | None = None
) -> tuple[keras.Model, ModelSpec]:
    """(generator, spec) of a Keras model that generates images.

    Args:
        model: `keras.Model`.
        source: what the user calls it.
        overrides: `SpecOverrides` or None.
    """
    measured = outside_scope(measure_keras_model, model, source, first_latents, overrides)
    return wrap_keras_model(model, measured)


def first_latents(count: int, latent_dim: int) -> np.ndarray:
    """float32 `[count, latent_dim]` from N(0, 1), always the same: third-party generators are measured on them."""
    return numbered_latents(range(count), latent_dim)
