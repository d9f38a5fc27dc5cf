"""What `compile` is given beside optimizers: penalties, regularisers and the frozen source that they may ask for."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import keras

from keras_transfer_gen import checks, protocols, tables
from keras_transfer_gen.training.source_networks import SourceNetworks

if TYPE_CHECKING:
    from keras_transfer_gen.protocols import Penalty, Regularizer
    from keras_transfer_gen.streams import ImageStream
    from keras_transfer_gen.tables import Table


def penalty_list(penalty: Any) -> list[Penalty]:
    """The `Penalty` objects that `compile` was given as a name, an object, a list of such, or None."""
    return _objects("penalty", penalty, tables.PENALTIES, protocols.Penalty)


def regularizer_list(regularizers: Any) -> list[Regularizer]:
    """The `Regularizer` objects that `compile` was given as a name, an object, a list of such, or None."""
    return _objects("regularizers", regularizers, tables.REGULARIZERS, protocols.Regularizer)


def _objects(argument: str, value: Any, table: Table, kind: type) -> list[Any]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    objects = [tables.resolve(argument, part, table, kind) for part in values]
    return [part for part in objects if part is not None]


def attach(
    model: keras.Model,
    parts: list[Any],
    before: list[Regularizer | Penalty | keras.layers.Layer] | None,
    networks: dict[str, keras.Model],
    data: ImageStream | None = None,
) -> None:
    """Gives each penalty and regulariser what it asks of a model, the frozen source among it.

    The source is what the networks are now. It stays as it is where one of the parts that ask for it has used it
    before, and where the model is loaded from a file or continues another one.

    Args:
        model: `GAN` or `VAE`; its `source` is set.
        parts: list of `protocols.IntervalLayer`.
        before: list of the parts that the model had until now; None where it was not compiled.
        networks: dict of role -> network, of which the source is made.
        data: see `IntervalLayer.attach`.
    """
    asking = [part for part in parts if part.needs_source]
    keeps = model.source is not None and (before is None or any(part is old for part in asking for old in before))
    if not asking or not keeps:
        set_source(model, SourceNetworks.of(networks) if asking else None)
    for old in before or ():
        if all(old is not part for part in parts):
            model._tracker.untrack(old)  # private, but else Keras counts its weights for ever
    for part in parts:
        if len(inspect.signature(part.attach).parameters) == 1:  # as version 0.1 has it
            part.attach(model)
        else:
            part.attach(model, data)


def set_source(model: keras.Model, source: SourceNetworks | None) -> None:
    """Sets the `SourceNetworks` of a model, or None; Keras would go on counting the weights of those before."""
    if model.source is not None and model.source is not source:
        model._tracker.untrack(model.source)
    model.source = source


def clone_part(part: Any) -> Any:
    """A new object of the same class and configuration, without state; None for None."""
    return None if part is None else type(part).from_config(part.get_config())


def carry_state(old: Any, new: Any) -> None:
    """Copies the variables of a penalty, regulariser or augmentation to its successor on a changed model.

    Args:
        old: Keras layer, or an object without variables.
        new: object of the same class, attached to the changed model.

    Raises:
        UserError: where the two have other variables.
    """
    if not isinstance(old, keras.layers.Layer) or not old.weights:
        return
    shapes = [[tuple(weight.shape) for weight in part.weights] for part in (old, new)]
    if shapes[0] != shapes[1]:
        hint = "Let its get_config() and attach() make the same variables again, whatever networks the model has."
        expected = f"{type(old).__name__} with the variables {shapes[0]}"
        raise checks.user_error("model", expected, shapes[1], hint)
    new.set_weights(old.get_weights())


def serialize_parts(model: keras.Model, names: tuple[str, ...]) -> dict[str, Any]:
    """Attributes of a compiled model for its compile config: name -> what Keras makes an object of again, or None."""
    parts = {name: getattr(model, name) for name in names}
    return {name: part and keras.saving.serialize_keras_object(part) for name, part in parts.items()}


def revive_parts(config: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """What `serialize_parts` was given, as arguments of `compile`."""
    return {name: config[name] and keras.saving.deserialize_keras_object(config[name]) for name in names}
