"""Networks of StyleGAN2 and StyleGAN2-ADA in TensorFlow 1: records of variables, renamed to the official names."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from keras_transfer_gen.transfer.pickles.arrays import NUMPY_NAMES, array_of, is_array, plain
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.network_file import Network, entries
from keras_transfer_gen.transfer.pickles.records import Call

NETWORK = "dnnlib.tflib.network.Network"
NAMES = frozenset({NETWORK, "dnnlib.util.EasyDict", "collections.OrderedDict", *NUMPY_NAMES})
VERSIONS = (4, 5)
PARTS = 4  # networks in each other
_LAYERS = {  # of TensorFlow 1 -> of the official names
    "Conv0_up": "conv0", "Conv0": "conv0", "Conv1": "conv1", "Conv1_down": "conv1", "ToRGB": "torgb",
    "FromRGB": "fromrgb", "Skip": "skip",
}  # fmt: skip
_TURNED = ("Conv0_up", "Skip")  # layers of a generator whose kernels are stored the other way round
_IGNORED = ("lod",)


def read_networks(networks: Call | tuple[Call, Call, Call]) -> dict[str, Network]:
    """The networks in what such a pickle holds.

    Args:
        networks: tuple of three records (generator, discriminator, averaged generator), or one record.

    Returns:
        dict of "G_ema", "G", "D" -> `Network`.

    Raises:
        RefusedPickle: for another version or form of networks.
    """
    keys = ("G", "D", "G_ema")
    parts = dict(zip(keys, networks, strict=True)) if isinstance(networks, (tuple, list)) else {"G_ema": networks}
    return {key: _network(parts[key]) for key in ("G_ema", "G", "D") if parts.get(key) is not None}


def _network(record: Call) -> Network:
    variables, facts = {}, {}
    _collect(record, "", variables, facts, 0)
    generator = any(name.startswith("synthesis/") for name in variables)
    arrays = {}
    for name, array in variables.items():
        if name in _IGNORED:
            continue
        for official, value in (_of_generator if generator else _of_discriminator)(name, array):
            arrays[official] = value
    return Network(arrays, _attributes(facts))


def _collect(record: Call, prefix: str, variables: dict[str, float | np.ndarray], facts: Any, level: int) -> None:
    """Adds the variables and arguments of a record and of those in it."""
    if not isinstance(record, Call) or record.name != NETWORK or level > PARTS:
        raise RefusedPickle("something in it is no network where one belongs")
    state = entries(record.state)
    version = plain(state.get("version"))
    if version not in VERSIONS:
        reason = "it holds networks of StyleGAN1" if version in (2, 3) else f"its networks have the version {version}"
        raise RefusedPickle(f"{reason}, and only StyleGAN2 can be read")
    for name, value in entries(state.get("static_kwargs")).items():
        facts[name] = plain(value) if plain(value) is not None else value
    listed = state.get("variables")
    for pair in listed if isinstance(listed, list) else ():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[0], str):
            raise RefusedPickle("its list of variables is none")
        variables[prefix + pair[0]] = array_of(pair[1]) if is_array(pair[1]) else _only_number(pair[1])
    for name, part in entries(state.get("components")).items():
        _collect(part, f"{prefix}{name}/", variables, facts, level + 1)


def _only_number(value: float | str) -> Any:
    if isinstance(value, (int, float)):
        return np.float32(value)
    raise RefusedPickle("a variable in it is no array of numbers")


def _attributes(facts: dict[str, int | list[int] | str]) -> dict[str, dict[str, Any]]:
    """What the arguments say, in the words of the official files."""
    text: Any = plain(facts.get("nonlinearity"))
    if text not in (None, "lrelu"):
        raise RefusedPickle(f"its activation is {text[:20]!r}, and only lrelu can be read")
    kernel = facts.get("resample_kernel")
    if isinstance(kernel, list) and [plain(tap) for tap in kernel] != [1, 3, 3, 1]:
        raise RefusedPickle("its filter is another than (1, 3, 3, 1)")
    words = {"conv_clamp": "kwargs.conv_clamp", "mbstd_group_size": "kwargs.mbstd_group_size"}
    words["mapping_lrmul"] = "kwargs.lr_multiplier"
    top = {new: facts[old] for old, new in words.items() if isinstance(facts.get(old), (int, float))}
    channels = facts.get("mbstd_num_features", 1)
    deviations = {"b4.mbstd": {"num_channels": channels, "group_size": facts.get("mbstd_group_size", 4)}}
    return {"": top, **(deviations if channels != 1 else {})}


def _of_generator(name: str, array: Any) -> list[tuple[str, float | np.ndarray]]:
    """(official name, array) pairs of a variable of a generator; a pair, or none."""
    parts = name.split("/")
    if name == "dlatent_avg":
        return [("mapping.w_avg", array)]
    if parts[0] == "mapping":
        return [(f"mapping.{_mapping_name(parts[1])}.{parts[2]}", _dense(parts[2], array))]
    noise = re.fullmatch(r"synthesis/noise(\d+)", name)
    if noise:
        number = int(noise[1])
        layer = "b4.conv1" if not number else f"b{2 ** ((number + 5) // 2)}.conv{(number + 1) % 2}"
        return [(f"synthesis.{layer}.noise_const", array.reshape(array.shape[-2:]))]
    if len(parts) != 4 or parts[0] != "synthesis":
        raise RefusedPickle(f"it has a variable {name[:80]!r}, which is none of StyleGAN2's usual forms")
    block, layer, kind = f"synthesis.b{parts[1].partition('x')[0]}", parts[2], parts[3]
    if kind == "const":
        return [(f"{block}.const", array.reshape(array.shape[-3:]))]
    path = f"{block}.{'conv1' if layer == 'Conv' else _layer(layer, name)}"
    if kind == "weight":
        return [(f"{path}.weight", _kernel(array[::-1, ::-1] if layer in _TURNED else array))]
    if kind == "mod_bias":
        return [(f"{path}.affine.bias", array + np.float32(1))]
    return [(f"{path}.affine.weight", array.T) if kind == "mod_weight" else (f"{path}.{kind}", array)]


def _of_discriminator(name: str, array: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The same of a discriminator."""
    parts = name.split("/")
    if parts[0] in ("Output", "LabelEmbed") or parts[0].startswith("Mapping"):
        path = {"Output": "b4.out", "LabelEmbed": "mapping.embed"}.get(parts[0]) or f"mapping.{_mapping_name(parts[0])}"
        return [(f"{path}.{parts[1]}", _dense(parts[1], array))]
    if len(parts) != 3:
        raise RefusedPickle(f"it has a variable {name[:80]!r}, which is none of StyleGAN2's usual forms")
    block, layer, kind = f"b{parts[0].partition('x')[0]}", parts[1], parts[2]
    if layer == "Dense0":
        return [(f"{block}.fc.{kind}", _dense(kind, array))]
    path = f"{block}.{'conv' if layer == 'Conv' else _layer(layer, name)}"
    return [(f"{path}.{kind}", _kernel(array) if kind == "weight" else array)]


def _mapping_name(layer: str) -> str:
    """`fc0` for `Dense0` and `Mapping0`, `embed` for `LabelEmbed`."""
    number = re.fullmatch(r"(?:Dense|Mapping)(\d+)", layer)
    if number:
        return f"fc{number[1]}"
    if layer == "LabelEmbed":
        return "embed"
    reason = "labels are concatenated" if layer == "LabelConcat" else f"there is a layer {layer[:40]!r}"
    raise RefusedPickle(f"in its mapping network {reason}, which can't be read")


def _layer(layer: str, name: str) -> str:
    if layer not in _LAYERS:
        raise RefusedPickle(f"it has a variable {name[:80]!r}, which is none of StyleGAN2's usual forms")
    return _LAYERS[layer]


def _kernel(array: Any) -> np.ndarray:
    """`[k, k, in, out]` -> `[out, in, k, k]`."""
    if array.ndim != 4:
        raise RefusedPickle("a kernel in it has another number of axes than 4")
    return array.transpose(3, 2, 0, 1)


def _dense(kind: str, array: Any) -> np.ndarray:
    return array.T if kind == "weight" else array
