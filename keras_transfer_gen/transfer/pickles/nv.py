"""Networks of stylegan2-ada-pytorch and of StyleGAN3's repository: modules of PyTorch in a bare pickle."""

from __future__ import annotations

import hashlib
from typing import Any

from keras_transfer_gen.transfer.pickles.arrays import NUMPY_NAMES, plain
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.network_file import Network, entries
from keras_transfer_gen.transfer.pickles.records import Call
from keras_transfer_gen.transfer.pickles.torch_streams import LOAD, PARAMETER, REBUILD, Tensors

MODULE = "torch_utils.persistence._reconstruct_persistent_obj"
NAMES = frozenset({
    "builtins.set", "collections.OrderedDict", "dnnlib.util.EasyDict", *NUMPY_NAMES, PARAMETER, *REBUILD, LOAD, MODULE,
})  # fmt: skip
KEYS = ("G_ema", "G", "D")
MODULES = 2000  # of one network; one of 1024 pixels has about 120
LEVELS = 20  # of modules in each other


def read_networks(top: dict[str, Any]) -> dict[str, Network]:
    """The networks in what such a pickle holds.

    Args:
        top: the value of the pickle, a dict.

    Returns:
        dict of "G_ema", "G", "D" -> `Network`, those that are there.

    Raises:
        RefusedPickle: where one is no network.
    """
    values = {key: top[key] for key in KEYS if top.get(key) is not None}
    return {key: _network(value) for key, value in values.items()}


def _network(value: Call | list[int | list[list[list]]]) -> Network:
    tensors, arrays, attributes = Tensors(), {}, {}
    left, count = [("", value, 0)], 0
    while left:
        path, module, level = left.pop(0)
        count += 1
        if count > MODULES or level > LEVELS:
            raise RefusedPickle("a network in it has more modules than networks have")
        facts = _facts(module)
        state = entries(facts.get("state"))
        attributes[path] = {"class": plain(facts.get("class_name")), **_scalars(state)}
        attributes[path] |= _arguments(state) if not path else {}
        prefix = f"{path}." if path else ""
        for kind in ("_parameters", "_buffers"):
            for name, tensor in entries(state.get(kind)).items():
                if tensor is not None:
                    arrays[f"{prefix}{name}"] = tensors.array(tensor)
        children = entries(state.get("_modules")).items()
        left += [(f"{prefix}{name}", child, level + 1) for name, child in children if child is not None]
    return Network(arrays, attributes, _digest(value))


def _facts(module: Call | list[int | list[list[list]]]) -> dict[str, dict[str, Any] | int | str]:
    """What a record of a module says of it: dict of text -> value."""
    if not isinstance(module, Call) or module.name != MODULE or len(module.args) != 1:
        raise RefusedPickle("something in it is no network where one belongs")
    return entries(module.args[0])


def _scalars(state: dict[str, Any]) -> dict[str, float | str]:
    values = {name: plain(value) for name, value in state.items() if not name.startswith("_")}
    return {name: value for name, value in values.items() if value is not None}


def _arguments(state: dict[str, Any]) -> dict[str, float | str]:
    """The arguments that a network was made with, those of its parts too; they only fill in what layers don't say."""
    arguments = entries(state.get("_init_kwargs"))
    parts = [arguments, *(entries(arguments.get(f"{part}_kwargs")) for part in ("synthesis", "mapping", "epilogue"))]
    return {
        f"kwargs.{name}": plain(value) for part in parts for name, value in part.items() if plain(value) is not None
    }


def _digest(module: Any) -> str:
    """SHA-256 of the program text that came with a network, which is never run; "" where there is none."""
    text = _facts(module).get("module_src")
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if isinstance(text, str) else ""
