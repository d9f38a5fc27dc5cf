"""The `trainable` flags of networks, which saved models keep: those of inner layers and single variables too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def read_flags(network: keras.Model) -> dict[str, list[bool]]:
    """The `trainable` flags of a network: {"layers": [bool, ...], "variables": [bool, ...]}, in a fixed order.

    Keras' own configuration keeps the flag of a layer but not those of the layers inside it, nor of single variables.
    """
    layers = [bool(layer.trainable) for layer in network._flatten_layers()]
    return {"layers": layers, "variables": [bool(variable.trainable) for variable in network.variables]}


def write_flags(network: keras.Model, flags: dict[str, list[bool]]) -> None:
    """Sets what `read_flags` returned, on the network or on a copy of it."""
    for layer, trainable in zip(network._flatten_layers(), flags["layers"], strict=True):
        if not layer._layers:  # a flag on an outer layer would overwrite those inside
            layer.trainable = trainable
    for variable, trainable in zip(network.variables, flags["variables"], strict=True):
        if variable.trainable != trainable:
            variable.trainable = trainable


def read_all(model: keras.Model) -> dict[str, dict[str, list[bool]]]:
    """dict of role -> the flags of that network, ready for JSON.

    Args:
        model: `protocols.MultiNetwork`.
    """
    return {role: read_flags(network) for role, network in model.roles.items()}


def write_all(model: keras.Model, flags: dict[str, dict[str, list[bool]]]) -> None:
    """Sets what `read_all` returned."""
    for role, network in model.roles.items():
        write_flags(network, flags[role])
