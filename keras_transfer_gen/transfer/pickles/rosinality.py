"""Networks of rosinality's stylegan2-pytorch: dicts of tensors, renamed to the official names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.network_file import Network, entries

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.transfer.pickles.torch_streams import Tensors


KEYS = {"g_ema": "G_ema", "g": "G", "d": "D"}
AVERAGE = "The file has no average style: it is measured on 10,000 latents."
NOISE = "The file has no noise maps: they are drawn anew."


def read_networks(top: dict[str, Any], tensors: Tensors) -> dict[str, Network]:
    """The networks in what such a file holds.

    Args:
        top: the value of the file, a dict.
        tensors: `torch_streams.Tensors` of the file.

    Returns:
        dict of "G_ema", "G", "D" -> `Network`, those that are there.

    Raises:
        RefusedPickle: where one has other tensors.
    """
    networks = {}
    for key, official in KEYS.items():
        if top.get(key) is None:
            continue
        arrays = {name: tensors.array(value) for name, value in entries(top[key]).items()}
        if official == "D":
            networks[official] = Network(_discriminator(arrays))
            continue
        renamed = dict(pair for name, array in arrays.items() for pair in _of_generator(name, array))
        notes = [NOISE] if not any(name.endswith("noise_const") for name in renamed) else []
        if tensors.is_tensor(top.get("latent_avg")):
            renamed["mapping.w_avg"] = tensors.array(top["latent_avg"]).reshape(-1)
        else:
            notes.append(AVERAGE)
        networks[official] = Network(renamed, notes=tuple(notes))
    return networks


def _of_generator(name: str, array: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """(official name, array) pairs of a tensor of a generator: one, or none."""
    if name.endswith(".kernel"):
        return []
    match = re.fullmatch(r"style\.(\d+)\.(weight|bias)", name)
    if match:
        return [(f"mapping.fc{int(match[1]) - 1}.{match[2]}", array)]
    if name == "input.input":
        return [("synthesis.b4.const", array.reshape(array.shape[-3:]))]
    match = re.fullmatch(r"noises\.noise_(\d+)", name)
    if match:
        return [(f"synthesis.{_layer_of(int(match[1]) - 1)}.noise_const", array.reshape(array.shape[-2:]))]
    match = re.fullmatch(r"(conv1|to_rgb1|convs\.(\d+)|to_rgbs\.(\d+))\.(.+)", name)
    kind = _KINDS.get(match[4]) if match else None
    if kind is None:
        raise RefusedPickle(f"it has a tensor {name[:80]!r}, which is none of rosinality's StyleGAN2")
    if match[1].startswith("to_rgb"):
        path = "b4.torgb" if match[3] is None else f"b{8 << _number(match[3])}.torgb"
    else:
        path = _layer_of(-1 if match[2] is None else _number(match[2]))
    shape = array.shape[1:] if kind == "weight" else () if kind == "noise_strength" else (array.size,)
    return [(f"synthesis.{path}.{kind}", array if kind.startswith("affine") else array.reshape(shape))]


_KINDS = {
    "conv.weight": "weight", "conv.modulation.weight": "affine.weight", "conv.modulation.bias": "affine.bias",
    "noise.weight": "noise_strength", "activate.bias": "bias", "bias": "bias",
}  # fmt: skip


def _layer_of(number: int) -> str:
    """The layer of convolution `number` after the first, which is -1."""
    return "b4.conv1" if number < 0 else f"b{8 << _number(number // 2)}.conv{number % 2}"


def _number(text: Any) -> int:
    number = int(text)
    if number > 20:
        raise RefusedPickle("it has more layers than StyleGAN2 has")
    return number


def _discriminator(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same of a discriminator: dict."""
    numbers = [int(match[1]) for name in arrays if (match := re.match(r"convs\.(\d{1,2})\.conv1\.", name))]
    if not numbers:
        raise RefusedPickle("its discriminator has other tensors than rosinality's StyleGAN2")
    top = max(numbers)
    renamed = {}
    for name, array in arrays.items():
        if name.endswith(".kernel"):
            continue
        match = re.fullmatch(r"convs\.(\d{1,2})\.(.+)\.(weight|bias)", name)
        if match and match[1] == "0":
            renamed[f"b{4 << top}.fromrgb.{match[3]}"] = array
        elif match and match[2].split(".")[0] in _BLOCK:
            renamed[f"b{4 << max(top + 1 - int(match[1]), 0)}.{_BLOCK[match[2].split('.')[0]]}.{match[3]}"] = array
        elif name in _END:
            renamed[_END[name]] = array
        else:
            raise RefusedPickle(f"it has a tensor {name[:80]!r}, which is none of rosinality's StyleGAN2")
    return renamed


_BLOCK = {"conv1": "conv0", "conv2": "conv1", "skip": "skip"}
_END = {
    "final_conv.0.weight": "b4.conv.weight", "final_conv.1.bias": "b4.conv.bias",
    "final_linear.0.weight": "b4.fc.weight", "final_linear.0.bias": "b4.fc.bias",
    "final_linear.1.weight": "b4.out.weight", "final_linear.1.bias": "b4.out.bias",
}  # fmt: skip
