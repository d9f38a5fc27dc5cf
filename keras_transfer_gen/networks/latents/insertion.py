"""A layer put between a generator's latents and the rest of it, every other layer staying as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from keras_transfer_gen import checks

if TYPE_CHECKING:
    import tensorflow as tf


LATENTS = "latents"


def latents_of(generator: keras.Model) -> tf.Tensor:
    """The symbolic latents of a functional generator: its only input, or the one called "latents".

    Raises:
        UserError: where it has several inputs and none of that name.
    """
    if len(generator.inputs) == 1:
        return generator.inputs[0]
    if not isinstance(generator.input, dict) or LATENTS not in generator.input:
        step = "Such as load_generator(...) returns."
        names = [entry.name for entry in generator.inputs]
        raise checks.user_error("generator", 'a model of latents, or of a dict with "latents"', names, step)
    return generator.input[LATENTS]


def insert_after_latents(generator: keras.Model, layer: keras.layers.Layer) -> keras.Model:
    """A copy of a generator in which a layer stands between the latents and all that used them.

    Args:
        generator: functional Keras model.
        layer: the `keras.layers.Layer` to put in, latents -> latents of the same shape; a copy of it is made, with
            weights of its own.

    Returns:
        keras.Model of the same name, layers and weights with one layer more.

    Raises:
        UserError: where the generator has a layer of that name.

    Example:
        >>> inputs = keras.Input((4,))
        >>> generator = keras.Model(inputs, keras.layers.Dense(3, name="render")(inputs))
        >>> copy = insert_after_latents(generator, keras.layers.Dense(4, name="front"))
        >>> [layer.name for layer in copy.layers][1:]
        ['front', 'render']
    """
    if any(other.name == layer.name for other in generator.layers):
        raise checks.user_error("generator", f"one without a layer named {layer.name}", generator.name)
    entry = latents_of(generator)
    config = generator.get_config()
    first = entry._keras_history.operation.name
    layers = [_redirect(part, first, layer.name) for part in config["layers"]]
    index = next(number for number, config in enumerate(layers) if config["name"] == first)
    new = {**keras.saving.serialize_keras_object(layer), "name": layer.name, "inbound_nodes": [_node(entry)]}
    layers.insert(index + 1, new)
    copy = keras.Model.from_config({**config, "layers": layers})
    for other in copy.layers:
        if other.name != layer.name:
            other.set_weights(generator.get_layer(other.name).get_weights())
    return copy


def _node(tensor: tf.Tensor) -> dict[str, Any]:
    """The call of a layer on one tensor, as Keras writes it."""
    return {"args": [keras.saving.serialize_keras_object(tensor)], "kwargs": {}}


def _redirect(config: Any, old: str, new: str) -> Any:
    """A copy of a layer's config in which it takes the output of layer `new` instead of layer `old`."""
    if isinstance(config, dict):
        return {
            key: [new, *value[1:]] if key == "keras_history" and value[0] == old else _redirect(value, old, new)
            for key, value in config.items()
        }
    return [_redirect(part, old, new) for part in config] if isinstance(config, list | tuple) else config
