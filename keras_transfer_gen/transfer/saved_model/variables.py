"""The variables of a loaded SavedModel as Keras layers: shared, under their original names, with their flags."""

import dataclasses
import itertools
import re

import keras
import tensorflow as tf

from keras_transfer_gen.transfer.paths import Nameless
from keras_transfer_gen.transfer.saved_model.graph import assigned_variables, each_once

# Names of what a layer keeps but never trains, in Keras, Sonnet, TF1, PyTorch's converters and spectral normalisation.
NEVER_TRAINED = re.compile(r"(\w*_)?(moving|running)_\w+|(vector_|sn_)?u\d*|u_var")


@dataclasses.dataclass(frozen=True)
class Named:
    """A variable of a SavedModel.

    Args:
        name: its original name, such as "generator/block_1/conv/kernel", or where several share one its place in the
            object, such as "layers/0/w".
        variable: the `tf.Variable`.
        trained: whether it is trained by nature: moving statistics, counters and seeds are not.
        frozen: whether its author saved it as not to be trained.
    """

    name: str
    variable: tf.Variable
    trained: bool
    frozen: bool

    @property
    def is_statistic(self):
        """Whether it is a float that only the training mode moves. Counters and seeds are none."""
        return not self.trained and self.variable.dtype.is_floating


class VariableGroup(keras.layers.Layer):
    """The variables of one module of a SavedModel, such as a convolution; nothing to call."""

    def __init__(self, name):
        super().__init__(name=name)
        self.groups = []
        self.built = True

    def add(self, named):
        """Takes a `Named` in and returns its `keras.Variable`, which shares the `tf.Variable`."""
        shared = named.variable
        with keras.name_scope(self.name):
            variable = keras.Variable(
                shared, shape=tuple(shared.shape), dtype=shared.dtype.name, trainable=named.trained, autocast=False,
                name=named.name.rsplit("/", 1)[-1],
            )  # fmt: skip
        self._track_variable(variable)  # as `add_weight` does; an attribute would need a name that is free
        if named.frozen:
            variable.trainable = False
        return variable

    def own_variables(self):
        """Its `keras.Variable`s without those of nested groups, in Keras' order."""
        return [*self._trainable_variables, *self._non_trainable_variables]  # public lists count nested ones too

    def trained(self):
        """Those of its own that are trained by nature."""
        return list(self._trainable_variables)

    def statistics(self):
        """Its moving statistics: floats that only the training mode moves. Counters and seeds are none."""
        return [v for v in self._non_trainable_variables if keras.backend.is_float_dtype(v.dtype)]

    def group(self, name):
        """The group of that name inside this one, made where there is none."""
        found = next((group for group in self.groups if group.name == name), None)
        if found is None:
            found = VariableGroup(name)
            self.groups.append(found)
        return found


class LooseVariables(VariableGroup, Nameless):
    """Variables of a SavedModel that belong to no module: they go by their own names."""


def name_variables(loaded, graph):
    """The variables that a SavedModel's functions use.

    Args:
        loaded: the loaded object.
        graph: its `Graph`.

    Returns:
        list of `Named`, in the order in which the object lists them, else that of use.
    """
    used = {id(variable): variable for variable in graph.variables()}
    children = tf.train.TrackableView(loaded).children(loaded)
    listed = [variable for variable in children.get("variables", ()) if id(variable) in used]
    ordered = each_once([*listed, *used.values()])
    unfrozen = {id(variable) for variable in children.get("trainable_variables", ordered)}
    written = {id(v) for concrete in graph.concrete_functions() for v in assigned_variables(concrete)}
    found = []
    for name, variable in zip(_names(loaded, ordered), ordered, strict=True):
        # A variable that was frozen in Keras 2 says trainable=True again; only this list leaves it out.
        frozen = not variable.trainable or id(variable) not in unfrozen
        moved = id(variable) in written or NEVER_TRAINED.fullmatch(name.rsplit("/", 1)[-1])
        trained = variable.dtype.is_floating and not (frozen and moved)
        found.append(Named(name, variable, bool(trained), frozen))
    return found


def _names(loaded, variables):
    """One name a variable: its own where no other has it, else its place in the object, else with a number."""
    own = [variable.name.split(":")[0].strip("/") or "variable" for variable in variables]
    if len(set(own)) < len(own):
        places = _places(loaded)
        own = [places.get(id(v), name) if own.count(name) > 1 else name for name, v in zip(own, variables, strict=True)]
    names = []
    for name in own:
        numbered = (f"{name}_{number}" for number in itertools.count(1))
        names.append(name if name not in names else next(other for other in numbered if other not in [*own, *names]))
    return names


def _places(loaded):
    """{id of a variable: the attributes that lead to it, such as "layers/0/w"}, by the shortest way."""
    view = tf.train.TrackableView(loaded)
    found, seen, queue = {}, set(), [("", loaded)]
    for path, item in queue:
        for name, child in view.children(item).items():
            private = name.startswith("_") or name in ("signatures", "variables", "trainable_variables", "keras_api")
            if private or id(child) in seen:
                continue
            seen.add(id(child))
            place = f"{path}/{name}" if path else name
            if isinstance(child, tf.Variable):
                found[id(child)] = place
            else:
                queue.append((place, child))
    return found


def group_variables(named):
    """Sorts variables into layers by the parts of their names.

    Args:
        named: list of `Named`.

    Returns:
        (groups, variables): list of `VariableGroup`, the outer ones; {original name: `keras.Variable`}.
    """
    top = VariableGroup("top")
    loose = LooseVariables("loose_variables")
    variables = {}
    for item in named:
        place = top
        for part in item.name.split("/")[:-1]:
            place = place.group(part)
        variables[item.name] = (loose if place is top else place).add(item)
    return [*([loose] if loose.variables else []), *top.groups], variables


def inner_groups(groups):
    """Every group with variables of its own, nested ones included."""
    for group in groups:
        if group.own_variables():
            yield group
        yield from inner_groups(group.groups)


def attach_losses(losses, variables):
    """Makes saved regularisation losses show up in Keras' `losses`, each once, while what it weighs is trained.

    Args:
        losses: functions without arguments, as `tf_keras` saves them. One that weighs several variables follows the
            first of them.
        variables: iterable of `keras.Variable` that share the functions' variables.
    """
    for loss in losses:
        read = {id(variable) for variable in loss.get_concrete_function().graph.variables}
        weighed = [variable for variable in variables if id(variable.value) in read]
        if weighed:
            weighed[0].regularizer = _Sum([*_losses_of(weighed[0]), loss])


def _losses_of(variable):
    return variable.regularizer.losses if variable.regularizer else []


class _Sum:
    """The sum of saved losses, in the shape of a Keras regulariser; each loss reads its variable by itself."""

    def __init__(self, losses):
        self.losses = losses

    def __call__(self, variable):
        return tf.add_n([tf.cast(loss(), tf.float32) for loss in self.losses])
