"""Networks of every Keras kind as functional models: their inputs and shapes are known, and they can be copied.

A functional model stays as it is. A `keras.Sequential` becomes one of the same layers. A subclassed model is called
once and stands in a functional model as its one layer: weights and flags stay those of the user's object.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from keras_transfer_gen import checks

if TYPE_CHECKING:
    import tensorflow as tf

    from keras_transfer_gen.checks import UserError
    from keras_transfer_gen.specs import ModelSpec


PROBE_ROWS = 2


def as_functional(network: Any, role: str, inputs: dict[str, tf.Tensor] | tf.Tensor | None = None) -> keras.Model:
    """The network as a functional model.

    Args:
        network: `keras.Model`.
        role: what the caller calls it, such as "generator"; also the name of a model that is made for a subclassed one.
        inputs: what a model that is not functional is called with, a `keras.Input` or a dict of them, where it was not
            called before; None where that is unknown.

    Returns:
        functional `keras.Model` that shares the network's layers.

    Raises:
        UserError: for what is no model, and for a subclassed model that was never called where `inputs` is None, that
            can't be called with them, or that Keras can't make again from its configuration.
    """
    if not isinstance(network, keras.Model):
        raise checks.user_error(role, "a keras.Model", type(network))
    if is_functional(network):
        return network
    sequential = isinstance(network, keras.Sequential)
    if not (sequential and network.built):
        called_with = _inputs_of_calls(network)
        inputs = inputs if called_with is None else called_with
        if inputs is None:
            hint = "Such as spec=ModelSpec(image_size=64, channels=3, latent_dim=128); or call the model once before."
            kind = type(network).__name__
            raise checks.user_error("spec", f"given for a {kind}, whose inputs are unknown", None, hint)
        outputs = _call(network, role, inputs)
    if sequential:
        return keras.Model(network.inputs[0], network.outputs[0], name=network.name)
    model = keras.Model(inputs, outputs, name=role)
    _check_copy(model, network, role)
    return model


def copy_network(network: keras.Model, role: str, name: str | None = None) -> keras.Model:
    """A copy of a functional model: the same weights, which then change on their own.

    Args:
        network: functional `keras.Model`.
        role: what the caller calls it, for the error.
        name: of the copy; the network's own by default.

    Raises:
        UserError: where Keras can't make a part of it again from its configuration.
    """
    try:
        copy = keras.models.clone_model(network)
        copy.set_weights(network.get_weights())
    except Exception as error:  # Keras and the classes of users raise many kinds
        raise _no_copy(network, role) from error
    if name is not None:
        copy.name = name
    return copy


def image_input(shape: tuple[int, int, int]) -> tf.Tensor:
    """The input of a network of images: `keras.Input` of their shape (height, width, channels)."""
    return keras.Input(shape, name="images")


def latent_input(spec: ModelSpec) -> dict[str, tf.Tensor] | tf.Tensor:
    """The inputs of a generator or decoder: latents, and labels where its `ModelSpec` has classes."""
    latents = keras.Input((spec.latent_dim,), name="latents")
    if not spec.num_classes:
        return latents
    return {"latents": latents, "labels": keras.Input((), dtype="int32", name="labels")}


def is_functional(network: keras.Model) -> bool:
    """Whether a Keras model tells its inputs and outputs by itself, and is no `keras.Sequential`."""
    tensors = [*(getattr(network, "inputs", None) or ()), *(getattr(network, "outputs", None) or ())]
    symbolic = bool(tensors) and all(isinstance(tensor, keras.KerasTensor) for tensor in tensors)
    return symbolic and not isinstance(network, keras.Sequential)


def _inputs_of_calls(network: keras.Model) -> dict[str, tf.Tensor] | tf.Tensor | None:
    """Inputs of the shapes that a model was called with before, or None."""
    shapes = (network.get_build_config() or {}).get("input_shape") if network.built else None
    if shapes is None:
        return None
    if isinstance(shapes, dict):
        return {name: _input_of(shape, name) for name, shape in shapes.items()}
    return _input_of(shapes, "inputs")


def _input_of(shape: tuple[int, ...], name: str) -> tf.Tensor:
    return keras.Input(shape[1:], dtype="int32" if name == "labels" else None, name=name)


def _call(network: keras.Model, role: str, inputs: dict[str, tf.Tensor] | tf.Tensor) -> tf.Tensor:
    try:
        return network(inputs)
    except Exception as error:  # whatever the user's own `call` raises
        shapes = keras.tree.map_structure(lambda tensor: f"{tensor.dtype} {tensor.shape}", inputs)
        expected = f"a model that can be called with {shapes}"
        raise checks.user_error(role, expected, type(network), f"Its call says: {_reason(error)}") from error


def _check_copy(model: keras.Model, network: keras.Model, role: str) -> None:
    """Raises a `UserError` where a copy would be another model: it could not be averaged, saved or loaded."""
    probe = keras.tree.map_structure(_probe, model.input)
    first, second, copied = (_answers(part, probe) for part in (model, model, copy_network(model, role)))
    fixed = _same(first, second)  # else its images are drawn anew at each call
    if fixed and not _same(first, copied):
        raise _no_copy(network, role)


def _probe(tensor: tf.Tensor) -> np.ndarray:
    fill = np.ones if tensor.dtype.startswith(("float", "bfloat")) else np.zeros  # there may be no class but 0
    return fill((PROBE_ROWS, *tensor.shape[1:]), "float32" if fill is np.ones else tensor.dtype)


def _answers(model: keras.Model, probe: dict[str, np.ndarray] | np.ndarray) -> list[np.ndarray]:
    return [np.asarray(keras.ops.convert_to_numpy(part), np.float32) for part in keras.tree.flatten(model(probe))]


def _same(left: list[np.ndarray], right: list[np.ndarray]) -> bool:
    return all(np.allclose(a, b, 1e-3, 1e-5, equal_nan=True) for a, b in zip(left, right, strict=True))


def _no_copy(network: keras.Model, role: str) -> UserError:
    models = [layer for layer in network._flatten_layers() if isinstance(layer, keras.Model)]
    name = type(next((model for model in models if not is_functional(model)), network)).__name__
    hint = f"Let {name}.get_config() return every argument of __init__ (Keras' own leaves out those of a keras.Model)."
    return checks.user_error(role, "a model that Keras can make again from its configuration", name, hint)


def _reason(error: Exception) -> str:
    """The line of an error's message that tells most: Keras puts the reason behind "Error encountered:"."""
    text = re.sub(r"\x1b\[\d+m", "", str(error)).rpartition("Error encountered:")[2].strip()
    return (text.splitlines() or [type(error).__name__])[0]
