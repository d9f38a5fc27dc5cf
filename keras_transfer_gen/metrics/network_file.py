"""Feature networks of users: a Keras model, a `.keras` file or a SavedModel that turns images into features."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
from keras import layers

from keras_transfer_gen import checks, files
from keras_transfer_gen.metrics.resize import ResizeBilinear

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


EXPECTED = "a network from RGB images [batch, H, W, 3] in 0..255 to features [batch, D] or maps [batch, h, w, D]"
SIGNATURE = "serving_default"
DIGITS = 8  # of the content hash, in the name of a network


def load_network_file(path: PathLike) -> keras.Model:
    """The feature network of a file; a second call on the same content returns the same object.

    A file says nothing of the pixel levels that its network expects: it must take levels in 0..255 and scale them
    itself. Images are resized to the size that it was saved for.

    Args:
        path: a `.keras` file, or the folder of a SavedModel whose signature "serving_default" has one input and one
            output. Keras loads a `.keras` file in its safe mode; a SavedModel is a program: load only what you trust.

    Returns:
        `keras.Model`, RGB `[batch, H, W, 3]` of any size -> float32 `[batch, D]`, named after the file and its content.

    Raises:
        UserError: for a network of another kind.
        UserFileError: where it can't be read.
    """
    path = Path(path)
    return _load(path, content_digest(path))


@functools.lru_cache(maxsize=4)
def _load(path: Path, digest: str) -> keras.Model:
    try:
        if path.is_dir():
            network = layers.TFSMLayer(str(path), call_endpoint=SIGNATURE)
            (shape,) = [spec.shape for spec in _inputs(path)]
        else:
            network = keras.models.load_model(path, compile=False)
            shape = network.input_shape
    except Exception as error:  # Keras and TensorFlow raise many kinds for a file that is not a model
        reason = f"It could not be read: {str(error).splitlines()[0]}."
        raise checks.file_error("network", "a .keras file or a SavedModel with one input", path, reason) from error
    return wrap_network(network, tuple(shape), f"{path.stem}_{digest[:DIGITS]}")


def _inputs(path: Path) -> list[tf.TensorSpec]:
    """The input specifications of a SavedModel's signature."""
    signature = tf.saved_model.load(str(path)).signatures[SIGNATURE]
    return list(signature.structured_input_signature[1].values())


def wrap_network(
    network: keras.layers.Layer, shape: tuple[None, int | None, int | None, int], name: str
) -> keras.Model:
    """A network that takes images of any size and gives float32 `[batch, D]`, around one that may do neither.

    Args:
        network: a callable of Keras; its output may be in a dict of one.
        shape: its input's shape, `[batch, H, W, 3]`; H and W may be None.
        name: of the result.

    Returns:
        A frozen `keras.Model`.

    Raises:
        UserError: where images don't fit, or it gives something else than features or maps.
    """
    if len(shape) != 4 or shape[3] != 3:
        raise checks.user_error("network", EXPECTED, f"{name}, which takes {shape}")
    image = keras.Input((None, None, 3), dtype="float32", name="image")
    x = image if None in shape[1:3] else ResizeBilinear(shape[1], dtype="float32", name="resize")(image)
    try:
        outputs = keras.tree.flatten(network(x))
    except Exception as error:
        reason = f"It does not take such images: {str(error).splitlines()[0]}."
        raise checks.user_error("network", EXPECTED, name, reason) from error
    if len(outputs) != 1 or len(outputs[0].shape) not in (2, 4):
        raise checks.user_error("network", EXPECTED, f"{name}, which gives {[tuple(y.shape) for y in outputs]}")
    (y,) = outputs
    if len(y.shape) == 4:
        y = layers.GlobalAveragePooling2D(dtype="float32", name="pooled")(y)
    model = keras.Model(image, y, name=name)
    model.trainable = False
    return check_network(model)


def check_network(network: Any) -> keras.Model:
    """Returns a `keras.Model` that turns `[batch, H, W, 3]` into `[batch, D]`, or raises a `UserError`."""
    shapes = _shapes(network) if isinstance(network, keras.Model) else None
    if shapes is None or len(shapes[0]) != 4 or shapes[0][3] != 3 or len(shapes[1]) != 2 or shapes[1][1] is None:
        raise checks.user_error("network", EXPECTED, network)
    return network


def _shapes(network: keras.Model) -> tuple[tuple[None, None, None, int], tuple[None, int]] | None:
    """(input shape, output shape) of a `keras.Model` with one of each, or None."""
    try:
        shapes = network.input_shape, network.output_shape
    except AttributeError:  # it was never called
        return None
    return shapes if all(isinstance(shape, tuple) for shape in shapes) else None


def input_side(network: keras.Model) -> int | None:
    """The side in pixels that a network resizes images to, or None where it takes them as they are."""
    sides = [layer.side for layer in network.layers if isinstance(layer, ResizeBilinear)]
    return sides[0] if sides else None


def content_digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files of a folder."""
    if path.is_file():
        return files.sha256_file(path)
    inner = [file for file in sorted(path.rglob("*")) if file.is_file()]
    parts = [(str(file.relative_to(path)), files.sha256_file(file)) for file in inner]
    return files.sha256(repr(parts).encode())
