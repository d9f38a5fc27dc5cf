"""Every kind of model behind one interface, `spec` and `generate`, for commands that only generate images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, tables
from keras_transfer_gen.export.saved_model import is_exported, read_saved_model
from keras_transfer_gen.network_inputs import LABELS, LATENTS, TRUNCATION, NetworkInputs
from keras_transfer_gen.recipes.models.keras_file import load_keras
from keras_transfer_gen.recipes.models.load import first_latents, load_source, open_keras_model
from keras_transfer_gen.recipes.models.load_vae import open_vae_folder
from keras_transfer_gen.recipes.models.resolve import NETWORK_FILE, SAVED_MODEL, family_in, resolve_model
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.generate_checks import check_generate
from keras_transfer_gen.training.latents import render_numbered
from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.training.vqvae import VQVAE
from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model
from keras_transfer_gen.transfer.saved_model.files import load_saved_model
from keras_transfer_gen.transfer.saved_model.measure import measure_generator

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.transfer.saved_model.measured_function import MeasuredFunction
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


def open_model(source: PathLike | ModelRef, trust: bool = False, overrides: SpecOverrides | None = None) -> Any:
    """A model that generates images: an object with `spec` and `generate(num, seed, truncation)`.

    Args:
        source: preset name, RUN folder, `.keras` file of a GAN, VAE or generator, or a SavedModel, of this package or a
            third party: its folder, an archive (`.tar.gz`) of it, an address at TensorFlow Hub or Kaggle, or another
            https address. Or a `ModelRef`. A third-party model is measured first, see `measure_generator`.
        trust: whether you vouch for a model from the web: a SavedModel is a program. Nothing is fetched without it.
        overrides: `SpecOverrides`, what is given of a third-party generator instead of measured, or None.

    Raises:
        UserError, UserFileError: where it can't be found or used; for a SavedModel that is no generator the message
            lists its inputs and outputs.

    Example:
        >>> images = open_model("https://tfhub.dev/google/progan-128/1", trust=True).generate(4)  # doctest: +SKIP
    """
    checks.check_backend()
    ref = resolve_model(source, trust)
    if ref.kind == SAVED_MODEL:
        with checks.named(path="source"):
            return open_generator(fetch_saved_model(ref.path), ref.name, overrides)
    if ref.kind == NETWORK_FILE:
        return load_source(ref, overrides=overrides)[0]
    model = load_keras(ref.path)
    if isinstance(model, (VAE, VQVAE)):
        return model
    if not isinstance(model, GAN):
        return ModelGenerator(*open_keras_model(model, ref.name, overrides))
    if overrides:
        overrides.check_known(model.spec, ref.name)
    return model


def open_generator(folder: Path, source: str, overrides: SpecOverrides | None = None) -> Any:
    """The generator in the folder of a SavedModel.

    Args:
        folder: `pathlib.Path`, as `fetch_saved_model` returns it.
        source: what the user calls it.
        overrides: `SpecOverrides` or None.
    """
    checks.check_backend()
    if is_exported(folder):
        generator = EXPORTED[family_in(folder) or "gan"](folder, source)
        if overrides:
            overrides.check_known(generator.spec, source)
        return generator
    loaded = load_saved_model(folder)
    return MeasuredGenerator(measure_generator(loaded, source, first_latents, overrides), loaded)


def _open_served(folder: Path, source: str) -> ServedGenerator:
    return ServedGenerator(*read_saved_model(folder))


EXPORTED: dict[
    str, Callable[[Path, str], Any]
] = {  # family -> function (folder of an exported SavedModel, what the user calls it) -> the model
    "gan": _open_served,
    "vae": open_vae_folder,
    "vq": _open_served,
}


class ModelGenerator:
    """A Keras model, used as a generator.

    Args:
        model: what `load_generator` returns: latents, or a dict of latents and labels, -> images in [-1, 1].
        spec: its `ModelSpec`.
    """

    def __init__(self, model: keras.Model, spec: ModelSpec) -> None:
        self.model = model
        self.spec = spec

    def generate(
        self, num: int, seed: int = 0, truncation: float | None = None, label: int | str | None = None, start: int = 0
    ) -> np.ndarray:
        """uint8 `[num, H, W, C]`, from image `start` on; the same latents and classes as `GAN.generate`."""
        return _render(self.model, self.spec, num, seed, truncation, label, start)


class ServedGenerator:
    """An exported SavedModel, used as a generator.

    Args:
        function: latents, or a dict of latents and labels, as the spec says, -> images float32 `[N, H, W, C]` in
            [-1, 1].
        spec: its `ModelSpec`.
    """

    def __init__(self, function: Callable[..., Any], spec: ModelSpec) -> None:
        self.function = function
        self.spec = spec

    def generate(
        self, num: int, seed: int = 0, truncation: float | None = None, label: int | str | None = None, start: int = 0
    ) -> np.ndarray:
        """uint8 `[num, H, W, C]`, from image `start` on; the same latents and classes as `GAN.generate`."""
        return _render(self.function, self.spec, num, seed, truncation, label, start, _served_inputs(self.spec))


class MeasuredGenerator:
    """A third-party SavedModel, used as a generator.

    Args:
        measured: `MeasuredFunction`, its inputs, outputs and spec.
        loaded: the loaded object, which must be kept: its functions alone don't hold its variables.
    """

    def __init__(self, measured: MeasuredFunction, loaded: Any) -> None:
        self.measured = measured
        self.loaded = loaded
        self.spec = measured.spec

    def generate(
        self, num: int, seed: int = 0, truncation: float | None = None, label: int | str | None = None, start: int = 0
    ) -> np.ndarray:
        """uint8 `[num, H, W, C]`; image i, its class included, depends on `seed` and i alone.

        Args:
            num: number of images.
            seed: non-negative integer. Latents and classes are those of `GAN.generate`.
            truncation: factor on the latents in (0, 1], also given to the SavedModel where it has an input for it.
            label: class of all images, its name or number; None draws one for each.
            start: number of the first image.
        """
        factor = self.spec.truncation if truncation is None else truncation

        def function(inputs: Any) -> tf.Tensor:
            latents, labels = (inputs["latents"], inputs["labels"]) if isinstance(inputs, dict) else (inputs, None)
            return self.measured(latents, labels, factor)

        return _render(function, self.spec, num, seed, truncation, label, start)


def _served_inputs(spec: ModelSpec) -> NetworkInputs | None:
    """`NetworkInputs` of a served generator that takes the truncation itself; None of every other."""
    entry = tables.architecture_of(spec)
    added = tuple(part for part in (entry.inputs if entry else ()) if part.name == TRUNCATION)
    if not added:
        return None
    return NetworkInputs.of(spec, (LATENTS, *((LABELS,) if spec.num_classes else ()), TRUNCATION), added=added)


def _render(
    function: Callable[..., Any],
    spec: ModelSpec,
    num: int,
    seed: int,
    truncation: float | None,
    label: int | str | None,
    start: int,
    inputs: NetworkInputs | None = None,
) -> np.ndarray:
    """uint8 images of numbered latents and labels, after a check of the arguments of `generate`."""
    numbers, seed, truncation = check_generate(num, seed, start, truncation, spec)
    return render_numbered(function, numbers, spec, seed, truncation, label, inputs)
