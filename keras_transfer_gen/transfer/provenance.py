"""Where a variable's weights came from, such as "noto_gan_64" or "vgg.npz": noted while loading, shown in reports."""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen.transfer.paths import leaves

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from keras_transfer_gen.aliases import PathLike


NEW = "new"
# By identity, since variables compare element by element and TensorFlow's can't be hashed; an entry is removed with its
# variable. Nothing is written on Keras' own objects, and no saved file changes.
_NOTES: dict = {}


def name_of(source: PathLike) -> str:
    """What reports call a source: an address or a preset as it is, of a path the last part.

    Args:
        source: str or `pathlib.Path`.

    Example:
        >>> name_of("models/cats/1"), name_of("noto_gan_64"), name_of("https://tfhub.dev/google/progan-128/1")
        ('cats/1', 'noto_gan_64', 'https://tfhub.dev/google/progan-128/1')
    """
    text = os.fspath(source).strip()
    if text.lower().startswith(("http://", "https://")):
        return text
    path = Path(text)
    return f"{path.parent.name}/{path.name}".lstrip("/") if path.name.isdecimal() else path.name or str(path)


def note_source(model: keras.layers.Layer, text: str) -> None:
    """Notes where every variable of a model came from, as `leaves` lists them.

    Args:
        model: a `GAN` or any Keras model or layer.
        text: a preset's or a file's name; "new" for weights that were drawn at random.

    Raises:
        UserError: where `model` is no Keras model or layer.

    Example:
        >>> import keras
        >>> inputs = keras.Input((3,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
        >>> note_source(model, "digits.keras")
        >>> source_of(model.get_layer("logits").kernel)
        'digits.keras'
    """
    for leaf in leaves(model):
        for variable in leaf.variables:
            note_variable(variable, text)


def note_variable(variable: keras.Variable | tf.Variable, text: str) -> None:
    """Notes where one `keras.Variable` or `tf.Variable` came from; a later note replaces an earlier one."""
    key = id(variable)
    _NOTES[key] = (weakref.ref(variable, lambda _: _NOTES.pop(key, None)), str(text))


def source_of(variable: keras.Variable | tf.Variable) -> str:
    """The noted source of a variable, or "new". Training does not change it; a copy or loaded model begins as "new"."""
    reference, text = _NOTES.get(id(variable), (None, NEW))
    return text if reference is None or reference() is variable else NEW
