"""The variables of a loaded SavedModel as Keras layers: shared, with their original names and flags."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen.transfer.paths import Nameless
from keras_transfer_gen.transfer.saved_model.graph import assigned_variables, each_once

if TYPE_CHECKING:
    from keras_transfer_gen.transfer.saved_model.graph import Graph


# Names of what a layer keeps but never trains, in Keras, Sonnet, TF1, PyTorch's converters and spectral normalisation.
NEVER_TRAINED = re.compile(r"(\w*_)?(moving|running)_\w+|(vector_|sn_)?u\d*|u_var")


@dataclasses.dataclass(frozen=True)
class NamedVariable:
    """A variable of a SavedModel.

    Args:
        name: its original name, such as "generator/block_1/conv/kernel", or where several have the same name its place
            in the object, such as "layers/0/w".
        variable: the `tf.Variable`.
        trained: whether it is there to be trained: moving statistics, counters and seeds are not.
        frozen: whether its author saved it as not trainable.
    """

    name: str
    variable: tf.Variable
    trained: bool
    frozen: bool

    @property
    def is_statistic(self) -> bool:
        """Whether it is a moving statistic, a float that only the training mode changes; a counter or seed is not."""
        return not self.trained and self.variable.dtype.is_floating


class VariableGroup(keras.layers.Layer):
    """The variables of one module of a SavedModel, such as a convolution. It can't be called."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.groups = []
        self.built = True

    def add(self, named: NamedVariable) -> keras.Variable:
        """Adds a `NamedVariable`; returns its `keras.Variable`, which shares the `tf.Variable`."""
        shared = named.variable
        with keras.name_scope(self.name):
            variable = keras.Variable(
                shared, shape=tuple(shared.shape), dtype=shared.dtype.name, trainable=named.trained, autocast=False,
                name=named.name.rsplit("/", 1)[-1],
            )  # fmt: skip
        self._track_variable(variable)  # as `add_weight` does; an attribute would need an unused name
        if named.frozen:
            variable.trainable = False
        return variable

    def own_variables(self) -> list[keras.Variable]:
        """Its `keras.Variable`s without those of inner groups, in Keras' order."""
        return [
            *self._trainable_variables,
            *self._non_trainable_variables,
        ]  # the public lists hold those of inner groups too

    def trained(self) -> list[keras.Variable]:
        """Those of its own that are there to be trained."""
        return list(self._trainable_variables)

    def statistics(self) -> list[keras.Variable]:
        """Its moving statistics: floats that only the training mode changes. Counters and seeds are none."""
        return [v for v in self._non_trainable_variables if keras.backend.is_float_dtype(v.dtype)]

    def group(self, name: str) -> VariableGroup:
        """The group of that name inside this one; a new one where there is none."""
        group = next((group for group in self.groups if group.name == name), None)
        if group is None:
            group = VariableGroup(name)
            self.groups.append(group)
        return group


class LooseVariables(VariableGroup, Nameless):
    """Variables of a SavedModel that belong to no module: their paths are their own names."""


def name_variables(loaded: Any, graph: Graph) -> list[NamedVariable]:
    """The variables that a SavedModel's functions use.

    Args:
        loaded: the loaded object.
        graph: its `Graph`.

    Returns:
        list of `NamedVariable`, in the order in which the object lists them, else that of use.
    """
    used = {id(variable): variable for variable in graph.variables()}
    children = tf.train.TrackableView(loaded).children(loaded)
    listed = [variable for variable in children.get("variables", ()) if id(variable) in used]
    ordered = each_once([*listed, *used.values()])
    unfrozen = {id(variable) for variable in children.get("trainable_variables", ordered)}
    written = {id(v) for concrete in graph.concrete_functions() for v in assigned_variables(concrete)}
    named = []
    for name, variable in zip(_names(loaded, ordered), ordered, strict=True):
        # A variable that was frozen in Keras 2 says trainable=True again; only this list leaves it out.
        frozen = not variable.trainable or id(variable) not in unfrozen
        is_statistic = id(variable) in written or NEVER_TRAINED.fullmatch(name.rsplit("/", 1)[-1])
        trained = variable.dtype.is_floating and not (frozen and is_statistic)
        named.append(NamedVariable(name, variable, bool(trained), frozen))
    return named


def _names(loaded: Any, variables: list[tf.Variable]) -> list[str]:
    """One name for each variable: its own where no other has it, else its place in the object, else with a number."""
    own = [variable.name.split(":")[0].strip("/") or "variable" for variable in variables]
    if len(set(own)) < len(own):
        places = _paths_in(loaded)
        own = [places.get(id(v), name) if own.count(name) > 1 else name for name, v in zip(own, variables, strict=True)]
    names = []
    for name in own:
        numbered = (f"{name}_{number}" for number in itertools.count(1))
        names.append(name if name not in names else next(other for other in numbered if other not in [*own, *names]))
    return names


def _paths_in(loaded: Any) -> dict[int, str]:
    """{id of a variable: the attributes that lead to it, such as "layers/0/w"}, by the shortest way."""
    view = tf.train.TrackableView(loaded)
    paths, seen, queue = {}, set(), [("", loaded)]
    for path, item in queue:
        for name, child in view.children(item).items():
            private = name.startswith("_") or name in ("signatures", "variables", "trainable_variables", "keras_api")
            if private or id(child) in seen:
                continue
            seen.add(id(child))
            child_path = f"{path}/{name}" if path else name
            if isinstance(child, tf.Variable):
                paths[id(child)] = child_path
            else:
                queue.append((child_path, child))
    return paths


def group_variables(named: list[NamedVariable]) -> tuple[list[LooseVariables | VariableGroup], dict[str, Any]]:
    """Sorts variables into layers by the parts of their names.

    Args:
        named: list of `NamedVariable`.

    Returns:
        (groups, variables): list of `VariableGroup`, the outer ones; {original name: `keras.Variable`}.
    """
    top = VariableGroup("top")
    loose = LooseVariables("loose_variables")
    variables = {}
    for item in named:
        group = top
        for part in item.name.split("/")[:-1]:
            group = group.group(part)
        variables[item.name] = (loose if group is top else group).add(item)
    return [*([loose] if loose.variables else []), *top.groups], variables


def inner_groups(
    groups: list[LooseVariables | VariableGroup],
) -> Iterator[LooseVariables | VariableGroup]:
    """Every group with variables of its own, inner groups included."""
    for group in groups:
        if group.own_variables():
            yield group
        yield from inner_groups(group.groups)


def attach_losses(losses: Any, variables: Iterable) -> None:
    """Adds saved regularisation losses to Keras' `losses`, each once, while the variable that it penalises is trained.

    Args:
        losses: functions without arguments, as `tf_keras` saves them. One that penalises several variables follows the
            first of them.
        variables: iterable of `keras.Variable` that share the functions' variables.
    """
    for loss in losses:
        read = {id(variable) for variable in loss.get_concrete_function().graph.variables}
        penalised = [variable for variable in variables if id(variable.value) in read]
        if penalised:
            penalised[0].regularizer = _Sum([*_losses_of(penalised[0]), loss])


def _losses_of(variable: keras.Variable) -> list[Callable[..., Any]]:
    return variable.regularizer.losses if variable.regularizer else []


class _Sum:
    """The sum of saved losses as a Keras regulariser; each loss reads its variable by itself."""

    def __init__(self, losses: list[Any]) -> None:
        self.losses = losses

    def __call__(self, variable: keras.Variable) -> tf.Tensor:
        return tf.add_n([tf.cast(loss(), tf.float32) for loss in self.losses])
