"""The official names and layouts of StyleGAN2's weights: from them to the networks here and back.

Official arrays have channels first: convolutions [out, in, k, k], dense layers [out, in], the constant [C, 4, 4].
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen import checks

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


GENERATOR, DISCRIMINATOR = "generator", "discriminator"
_OWN = {"kernel": "weight"}  # the last part of a variable's path -> of an official name


def official_name(role: str, path: str) -> str:
    """The official name of a variable.

    Args:
        role: "generator" or "discriminator".
        path: of the variable in its network, such as "block_8/conv0/affine/kernel".

    Example:
        >>> official_name("generator", "block_8/conv0/affine/kernel")
        'synthesis.b8.conv0.affine.weight'
        >>> official_name("discriminator", "block_4/fc/bias")
        'b4.fc.bias'
    """
    *owners, last = path.split("/")
    if owners == ["styles"]:
        return f"mapping.{last}"
    block = re.fullmatch(r"block_(\d+)", owners[0])
    if block:
        owners[:1] = (["synthesis"] if role == GENERATOR else []) + [f"b{block[1]}"]
    return ".".join([*owners, _OWN.get(last, last)])


def to_official(role: str, network: keras.Model) -> dict[str, np.ndarray]:
    """The weights of a network by their official names: dict of name -> float32 ndarray in the official layout.

    Args:
        role: "generator" or "discriminator".
        network: what `build_stylegan2_generator` or `build_stylegan2_discriminator` made.
    """
    arrays = {}
    for variable in network.variables:
        name = official_name(role, variable.path)
        arrays[name] = _to_official(name, np.asarray(variable.value, np.float32))
    return arrays


def from_official(name: str, array: np.ndarray, shape: tf.TensorShape | tuple[int, int]) -> np.ndarray:
    """An official array in the layout of the networks here.

    Args:
        name: its official name.
        array: numbers in the official layout.
        shape: of the variable.

    Returns:
        float32 ndarray of that shape.

    Raises:
        UserError: where the array has another shape.
    """
    turned = _from_official(name, np.asarray(array, np.float32))
    if turned.shape != tuple(shape):
        expected = f"an array for {name} of shape {_to_official(name, np.zeros(shape, np.bool_)).shape}"
        raise checks.user_error("weights", expected, np.shape(array), "The file holds another network.")
    return turned


def load_official(
    role: str, network: keras.Model, arrays: dict[str, np.ndarray]
) -> tuple[list[str], list[str], list[str]]:
    """Sets the weights of a network that have an official array.

    Args:
        role: "generator" or "discriminator".
        network: what `build_stylegan2_generator` or `build_stylegan2_discriminator` made.
        arrays: dict of official name -> array.

    Returns:
        (names that were set, names of the network without an array, names of arrays without a variable): three lists.

    Raises:
        UserError: for an array of another shape; then nothing is set.
    """
    variables = {official_name(role, variable.path): variable for variable in network.variables}
    values = {name: from_official(name, arrays[name], v.shape) for name, v in variables.items() if name in arrays}
    for name, value in values.items():
        variables[name].assign(value)
    return list(values), [n for n in variables if n not in arrays], [n for n in arrays if n not in variables]


def _from_official(name: str, array: np.ndarray) -> np.ndarray:
    if name.endswith("b4.fc.weight"):  # its inputs are C * 16, channels first
        array = array.reshape(array.shape[0], -1, 4, 4) if array.ndim == 2 and array.shape[1] % 16 == 0 else array
        return array.transpose(2, 3, 1, 0).reshape(-1, array.shape[0]) if array.ndim == 4 else array
    order = _order(name, array.ndim)
    return array.transpose(order)


def _to_official(name: str, array: np.ndarray) -> np.ndarray:
    if name.endswith("b4.fc.weight"):
        return array.reshape(4, 4, -1, array.shape[-1]).transpose(3, 2, 0, 1).reshape(array.shape[-1], -1)
    return array.transpose(np.argsort(_order(name, array.ndim)))


def _order(name: str, rank: int) -> tuple[int, ...]:
    """The axes of an official array in the order in which they stand here."""
    if rank == 4:  # the one of an upsampling layer is that of a transposed convolution
        up = name.startswith("synthesis.") and name.endswith(".conv0.weight")
        return (2, 3, 0, 1) if up else (2, 3, 1, 0)
    if rank == 3:
        return (1, 2, 0)
    return (1, 0) if rank == 2 and name.endswith(".weight") else tuple(range(rank))
