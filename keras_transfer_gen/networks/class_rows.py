"""The rows that stand for classes in a network: other classes in their place, or one row and no labels any more."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.network_inputs import LABELS, input_names
from keras_transfer_gen.version import PACKAGE

COUNTS = ("input_dim", "num_classes")  # arguments of layers that say how many classes they have a row for


@keras.saving.register_keras_serializable(PACKAGE)
class OnlyClass(keras.layers.Layer):
    """Class 0 for every image of a batch: in place of labels, where a network was left with one class.

    Call arguments:
        inputs: `[batch, ...]`, latents or images.

    Example:
        >>> OnlyClass()(tf.ones((2, 8))).numpy().tolist()
        [0, 0]
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.zeros(tf.shape(inputs)[:1], tf.int32)

    def compute_output_spec(self, inputs: tf.Tensor) -> Any:
        return keras.KerasTensor((inputs.shape[0],), "int32")


def takes_labels(network: keras.Model) -> bool:
    """Whether a functional network has the input "labels" (bool)."""
    return LABELS in (input_names(network) or ())


def class_layers(network: keras.Model) -> list[str]:
    """Names of the layers that are given labels and have a row for each class; [] where there are none or no labels."""
    if not takes_labels(network):
        return []
    fed = [
        part["name"]
        for part in network.get_config()["layers"]
        if part["name"] != LABELS and _mentions(part["inbound_nodes"])
    ]
    return [name for name in fed if _count_of(network.get_layer(name)) is not None]


def with_classes(network: keras.Model, mix: list[list[float]] | np.ndarray) -> keras.Model:
    """A copy of a network with other classes; each new one starts as a mean of old ones.

    Args:
        network: functional Keras model with the input "labels".
        mix: float `[new, old]`: the row of a new class is the sum of the old rows times these weights.

    Returns:
        `keras.Model` of the same name, layers and weights but for the rows.

    Raises:
        UserError: where no layer has a row for each class, or `mix` is for another number of classes.

    Example:
        >>> labels = keras.Input((), dtype="int32", name="labels")
        >>> rows = keras.layers.Embedding(3, 2, name="classes")(labels)
        >>> model = keras.Model({"labels": labels}, rows)
        >>> with_classes(model, np.eye(3)[[2]]).get_layer("classes").input_dim
        1
    """
    mix, names = np.asarray(mix, np.float64), class_layers(network)
    if not names:
        step = "Its layers keep no row for a class."
        raise checks.user_error("network", "one with layers of classes, such as an Embedding", network.name, step)
    old = _count_of(network.get_layer(names[0]))[1]
    if mix.ndim != 2 or mix.shape[1] != old or not len(mix):
        raise checks.user_error("mix", f"an array [new, {old}]", mix)
    copy, larger = (_with_count(network, names, count) for count in (len(mix), old + 1))
    for layer in copy.layers:
        values = network.get_layer(layer.name).get_weights()
        if layer.name in names:
            shapes = [weight.shape for weight in larger.get_layer(layer.name).weights]
            # The rows are what another number of classes changes: no other weight whose first axis is as long.
            values = [
                value if value.shape == shape else _mixed(value, mix)
                for value, shape in zip(values, shapes, strict=True)
            ]
        layer.set_weights(values)
    return copy


def _with_count(network: keras.Model, names: list[str], count: int) -> keras.Model:
    """A copy of a network, with fresh weights, whose layers of these names have this number of classes."""
    config = network.get_config()
    layers = []
    for part in config["layers"]:
        if part["name"] in names:
            argument, _ = _count_of(network.get_layer(part["name"]))
            part = {**part, "config": {**part["config"], argument: count}}
            part.pop("build_config", None)  # of the old number
        layers.append(part)
    return keras.Model.from_config({**config, "layers": layers})


def without_labels(network: keras.Model) -> keras.Model:
    """A copy of a network of one class that takes no labels: latents or images alone.

    Args:
        network: functional Keras model of a dict with "labels" and latents or images.

    Returns:
        `keras.Model` of the same name and weights: of the one other input, or of a dict of several.

    Raises:
        UserError: where it takes no labels, or nothing else.
    """
    others = [name for name in input_names(network) or () if name != LABELS]
    if not takes_labels(network) or not others:
        received = list(input_names(network) or ())
        raise checks.user_error("network", "a model of labels and of latents or images", received)
    entry = network.input[others[0]]
    config = network.get_config()
    label_layer = network.input[LABELS]._keras_history.operation.name
    only = {
        **keras.saving.serialize_keras_object(OnlyClass(name=label_layer)),
        "name": label_layer,
        "inbound_nodes": [{"args": [keras.saving.serialize_keras_object(entry)], "kwargs": {}}],
    }
    layers = [only if part["name"] == label_layer else part for part in config["layers"]]
    places = {name: _history(network.input[name]) for name in others}
    inputs = places if len(others) > 1 else places[others[0]]
    copy = keras.Model.from_config({**config, "layers": layers, "input_layers": inputs})
    for layer in copy.layers:
        if layer.name != label_layer:
            layer.set_weights(network.get_layer(layer.name).get_weights())
    return copy


def _history(tensor: tf.Tensor) -> list[int | str]:
    """Where a symbolic tensor comes from, as the config of a model names its inputs."""
    history = tensor._keras_history
    return [history.operation.name, history.node_index, history.tensor_index]


def _mixed(rows: np.ndarray, mix: np.ndarray) -> np.ndarray:
    """Rows of new classes, mixtures of those of old ones."""
    return np.tensordot(mix, rows.astype(np.float64), axes=1).astype(rows.dtype)


def _count_of(layer: keras.layers.Layer) -> tuple[str, int] | None:
    """(argument, number of classes) of a layer with a row for each class, or None."""
    config = layer.get_config()
    counts = {name: config[name] for name in COUNTS if config.get(name)}
    for argument, count in counts.items():
        if any(weight.shape and weight.shape[0] == count for weight in layer.weights):
            return argument, count
    return None


def _mentions(node: Any) -> bool:
    """Whether the config of a call names the labels among what it is given."""
    if isinstance(node, dict):
        return any(value[0] == LABELS if key == "keras_history" else _mentions(value) for key, value in node.items())
    return any(map(_mentions, node)) if isinstance(node, list | tuple) else False
