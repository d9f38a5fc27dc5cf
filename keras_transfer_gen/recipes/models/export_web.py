"""From a trained model to a page for browsers: the generator, and the directions that the page has sliders for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.export.numbered_images import has_truncation
from keras_transfer_gen.export.web.page_files import PageFacts
from keras_transfer_gen.export.web.write import check_page_folder, write_web
from keras_transfer_gen.maths.effect_directions import effect_directions
from keras_transfer_gen.network_inputs import TRUNCATION, NetworkInput, NetworkInputs
from keras_transfer_gen.recipes.models.export import load_exported, servable_of
from keras_transfer_gen.recipes.models.export_formats import QUANTIZE
from keras_transfer_gen.training.latents import numbered_classes, numbered_latents, render_numbered

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.export.servable import Servable
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


DIRECTIONS = 8  # sliders of a page
LEAST_IMAGES, MOST_IMAGES = 256, 2048  # on which directions are measured
IMAGES_PER_DIMENSION = 8
SEED = 1  # of these images


def export_web(
    model: PathLike | ModelRef | keras.Model | tuple[keras.Model, ModelSpec],
    path: PathLike,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
    quantize: str = "none",
    title: str | None = None,
) -> Path:
    """Writes a page that generates images in the browser: a folder for any static host, and one file for disk.

    It has a grid of new images, sliders along the directions that change images most, images between two others, and
    classes where the model has some. A seed gives the images that `generate` gives.

    Args:
        model: `GAN`, whose averaged generator is exported; `VAE`; (generator, spec) as `load_generator` returns them;
            or a source that it or `load_vae` takes.
        path: folder to write. An earlier page there is replaced whole.
        trust: whether you vouch for a source from the web, see `load_generator`.
        overrides: `SpecOverrides`, what is given of a third-party generator instead of measured, or None.
        quantize: numbers of the model in the page, see `export_tflite`: smaller ones make the page smaller.
        title: heading of the page; by default the folder's name.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        UserError, UserFileError: where the model can't be loaded or converted, or `path` holds other things.
        RuntimeError: where the exported model generates other images than the Keras model.

    Example:
        >>> export_web("runs/cats", "page/cats")  # doctest: +SKIP
    """
    path = Path(path)
    check_page_folder(path)
    checks.check_choice("quantize", quantize, QUANTIZE, "Set it with quantize= or --quantize.")
    servable = servable_of(load_exported(model, trust, overrides))
    return write_web(servable, path, measure_page(servable, title or path.absolute().name), quantize)


def measure_page(servable: Servable, title: str) -> PageFacts:
    """The `PageFacts` of a generator: directions, measured on its images, and its first image.

    Args:
        servable: `Servable`.
        title: heading of the page.
    """
    spec, function = servable.spec, serve_function(servable)
    inputs = served_inputs(servable)
    numbers = range(images_for(spec.latent_dim))
    images = render_numbered(function, numbers, spec, SEED, spec.truncation, inputs=inputs)
    noise = numbered_latents(numbers, spec.latent_dim, SEED)
    directions, effects = _directions(noise, images, numbered_classes(numbers, spec, SEED))
    first_image = render_numbered(function, [0], spec, 0, spec.truncation, inputs=inputs)[0]
    return PageFacts(title, spec, directions, effects, first_image, has_truncation(servable.functions["serve"]))


def served_inputs(servable: Servable) -> NetworkInputs:
    """The `NetworkInputs` of the function of a `Servable` that draws images."""
    serve, spec = servable.functions["serve"], servable.spec
    names = tuple(entry.name for entry in serve.inputs)
    added = (NetworkInput(TRUNCATION, value=1.0),) if has_truncation(serve) else ()
    return NetworkInputs.of(spec, names if len(names) > 1 else None, added=added)


def images_for(latent_dim: int) -> int:
    """How many images the directions are measured on."""
    return int(np.clip(IMAGES_PER_DIMENSION * latent_dim, LEAST_IMAGES, MOST_IMAGES))


def serve_function(servable: Servable) -> Callable[[Any], tf.Tensor]:
    """The function of a `Servable` that draws images, as `render_numbered` calls it.

    Args:
        servable: `Servable`.

    Returns:
        Function, latents `[N, latent_dim]` or a dict of what it takes by name -> images float32
        `[N, S, S, C]` in [-1, 1].
    """
    serve = servable.functions["serve"]
    traced = serve.traced()

    def function(inputs: Any) -> tf.Tensor:
        named = inputs if isinstance(inputs, dict) else {"latents": inputs}
        return traced(*(tf.cast(named[entry.name], entry.dtype) for entry in serve.inputs))["images"]

    return function


def _directions(noise: np.ndarray, images: np.ndarray, labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """As `effect_directions`; none where the latents are too long for the number of images."""
    rows, size = noise.shape
    if rows < 2 * size:
        return np.zeros((0, size), np.float32), np.zeros(0)
    return effect_directions(noise, images, min(DIRECTIONS, size), labels)
