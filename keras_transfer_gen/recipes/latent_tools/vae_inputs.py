"""What every latent tool reads: a VAE behind a name, and images of the size that it takes."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.data import decode
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.models.resolve import ModelRef
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.streams import ImageStream

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import ImageSource, PathLike
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.training.vae import VAE


@dataclasses.dataclass(frozen=True)
class ModelImages:
    """Images of the size that a model takes.

    Args:
        images: uint8 `[N, S, S, C]`.
        names: N relative paths or numbers.
        source: what they are, in words.
    """

    images: np.ndarray
    names: list[Any]
    source: str


def open_vae(model: PathLike | ModelRef | keras.Model, trust: bool = False) -> VAE:
    """A `VAE`: the given one, or the one behind what `load_vae` takes; errors name the argument `model`."""
    if not isinstance(model, (str, os.PathLike, ModelRef)):
        return model
    with checks.named(source="model"):
        return load_vae(model, trust)


def read_model_images(
    data: ImageSource, spec: ModelSpec, name: str = "data", reporter: Reporter = SILENT
) -> ModelImages:
    """Reads images in the size that a model takes.

    Args:
        data: what `load_images` returns or takes.
        spec: `ModelSpec` of the model.
        name: what the caller calls them, for errors.
        reporter: `Reporter`; shows the progress.

    Returns:
        `ModelImages`.

    Raises:
        UserError, UserFileError: where they can't be read or a stream has another size.
    """
    size, channels = spec.image_size, spec.channels
    source = str(data) if isinstance(data, (str, os.PathLike)) else "the given images"
    if isinstance(data, ImageStream):
        image_set = data.image_set
        if image_set.images.shape[1:] != (size, size, channels):
            step = f"Load them with image_size={size}, channels={channels}."
            raise checks.user_error(name, f"images [{size}, {size}, {channels}]", image_set.images.shape[1:], step)
        return ModelImages(image_set.images, image_set.names, source)
    with checks.named(source=name, data=name):
        image_set = read_images(data, size, channels, progress=reporter.counter(f"reading {source}"))
    if image_set.skipped:
        reporter.say(f"{len(image_set.skipped)} files in {source} skipped (see `ktg data check {source}`)")
    return ModelImages(np.asarray(image_set.images), image_set.names, source)


def read_image_file(path: PathLike, spec: ModelSpec, name: str) -> np.ndarray:
    """Reads one image file in the size that a model takes.

    Args:
        path: of the file.
        spec: `ModelSpec` of the model.
        name: what the caller calls it, for errors.

    Returns:
        uint8 `[1, S, S, C]`.

    Raises:
        UserFileError, UserError: where it is no usable image.
    """
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise checks.file_error(name, "an image file", path, f"It can't be used: {error.strerror}.") from error
    return read_image_bytes(content, spec, name, os.fspath(path))


def read_image_bytes(content: bytes, spec: ModelSpec, name: str, path: str = "the image") -> np.ndarray:
    """The image of a file's bytes in the size that a model takes; arguments, result and errors of `read_image_file`."""
    frame = decode.Frame(spec.image_size, spec.channels, "crop", "white")
    try:
        kind = decode.recognise(path, content[: decode.HEAD])
        image, _ = decode.decode_image(content, kind, frame)
    except decode.UnusableError as error:
        raise checks.file_error(name, "an image file", path, f"It can't be used: {error}.") from error
    return image[None]
