"""The path of every layer and variable of a model, such as `generator/block_16/conv/kernel`."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import MultiNetwork


class Nameless(keras.layers.Layer):
    """A layer that only groups others: it adds no name to the paths of what is in it.

    A layer in it that has the name of the path so far adds none either: where a generator's own names begin with
    "generator", a path is `generator/conv` and not `generator/generator/conv`.
    """


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A layer that holds variables directly.

    Args:
        path: names from the top of the model down to the layer, joined by "/"; "" for a `Nameless` layer at the top.
        layer: the `keras.layers.Layer`.
        variables: the `keras.Variable`s that are its own, in the order in which they were made.
    """

    path: str
    layer: keras.layers.Layer
    variables: tuple

    def variable_paths(self) -> list[str]:
        """The path of each variable: the layer's path and the variable's name."""
        return [_join(self.path, variable.name) for variable in self.variables]


def leaf_layers(model: keras.layers.Layer) -> list[Any]:
    """Every layer that holds variables directly, in build order.

    Args:
        model: a `protocols.MultiNetwork` such as a `GAN`: its paths start with the role ("generator/..."), and the
            averaged generator is not listed, since it is not trained. Or any Keras model or layer: paths start at its
            sublayers.

    Returns:
        list of (path, layer). A layer used twice is listed once. The layer in a `keras.layers.Wrapper` has the path of
        the wrapper, so that a rule is the same with and without spectral normalisation.

    Raises:
        UserError: where `model` is no Keras model or layer.

    Example:
        >>> inputs = keras.Input((3,))
        >>> leaf_layers(keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs)))[0][0]
        'logits'
    """
    return [(leaf.path, leaf.layer) for leaf in leaves(model)]


def leaves(model: keras.layers.Layer) -> list[Leaf]:
    """As `leaf_layers`, but a list of `Leaf`."""
    listed, seen = [], set()
    for prefix, root in roots(model):
        if prefix:
            _walk(root, prefix, listed, seen)
            continue
        _add(root, root.name, listed, seen)
        for child in children(root):
            _walk(child, _child_path("", root, child), listed, seen)
    return listed


def roots(model: keras.layers.Layer) -> list[Any]:
    """The models to walk: list of (role, model), with the role "" for a model that is one network."""
    if isinstance(model, MultiNetwork):
        return list(model.roles.items())
    if not isinstance(model, keras.layers.Layer):
        raise checks.user_error("model", "a GAN, a Keras model or a Keras layer", model, "Load one with load_gan(...).")
    return [("", model)]


def children(layer: Any) -> Any:
    """The layers directly inside `layer`, in the order in which it made them.

    `_flatten_layers` is private, but Keras has a public list (`.layers`) only for models, not for composite layers.
    """
    return layer._flatten_layers(include_self=False, recursive=False)


def _walk(layer: Any, path: str, listed: list[Leaf], seen: set[int]) -> None:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    _add(layer, path, listed, seen)
    for child in children(layer):
        _walk(child, _child_path(path, layer, child), listed, seen)


def _child_path(path: str, layer: Any, child: Any) -> str:
    wrapped = isinstance(layer, keras.layers.Wrapper) and child is layer.layer
    repeated = isinstance(layer, Nameless) and child.name == path
    return path if path and wrapped or repeated or isinstance(child, Nameless) else _join(path, child.name)


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _add(layer: Any, path: str, listed: list[Leaf], seen: set[int]) -> None:
    """Lists `layer` if it has variables that neither its sublayers nor earlier layers have."""
    inner = {id(variable) for child in children(layer) for variable in child.weights}
    own = [variable for variable in layer.weights if id(variable) not in inner | seen]
    seen.update(map(id, own))
    if own:
        listed.append(Leaf(path, layer, tuple(own)))
