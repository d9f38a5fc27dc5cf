"""Loads a `.keras` file, and says in one line what is wrong with one that can't be loaded."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from keras_transfer_gen import checks
from keras_transfer_gen.training.checkpoint import find_damage
from keras_transfer_gen.transfer.saved_model.files import beside

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


KERAS_2 = (
    "Keras 2 (tf_keras) wrote it, and Keras 3 can't read it: load it there, and save it as a SavedModel with "
    "tf.saved_model.save(model, folder)."
)


def load_keras(path: PathLike, custom_objects: dict[str, Any] | None = None) -> Any:
    """The Keras model in a `.keras` file; a SavedModel in the same RUN is found from there.

    Args:
        path: of the file.
        custom_objects: dict of name -> class or function that the file names and Keras does not know.

    Raises:
        UserFileError: where it can't be loaded; the message is one line.
    """
    try:
        with beside(Path(path)):
            return keras.models.load_model(path, custom_objects=custom_objects)
    except checks.USER_ERRORS:
        raise
    except Exception as error:  # Keras raises many kinds for a damaged file
        step = find_damage(Path(path)) or (KERAS_2 if _keras_version(path).startswith("2.") else _first_line(error))
        raise checks.file_error("source", "a readable .keras file", path, step) from error


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return f"Keras says: {text.splitlines()[0]}"


def _keras_version(path: PathLike) -> str:
    """The version of Keras that wrote a `.keras` file, or "" where the file does not say."""
    try:
        with zipfile.ZipFile(path) as archive:
            return str(json.loads(archive.read("metadata.json")).get("keras_version", ""))
    except (OSError, KeyError, ValueError, AttributeError, zipfile.BadZipFile):
        return ""
