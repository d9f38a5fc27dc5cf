"""The networks of one file, by the names of the original programs: `Network`, `NetworkFile`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Self

from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.records import Call

if TYPE_CHECKING:
    import numpy as np


_NAMESPACE = "argparse.Namespace"
_DICTS = ("collections.OrderedDict", "dnnlib.util.EasyDict", _NAMESPACE)


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """A network of a file.

    Args:
        arrays: dict of official name -> ndarray in the official layout; they share the memory of the file where they
            can.
        attributes: dict of module path ("" for the network) -> dict of what the file says of it: numbers, texts.
        program: SHA-256 of the program text in the file, which is never run; "" where there is none.
        notes: list of sentences about what was missing in the file.
    """

    arrays: dict
    attributes: dict = dataclasses.field(default_factory=dict)
    program: str = ""
    notes: tuple = ()


@dataclasses.dataclass(frozen=True, eq=False)
class NetworkFile:
    """A file of networks.

    Args:
        form: what wrote it, in words.
        networks: dict of "G_ema", "G", "D" -> `Network`, those that are there.
    """

    form: str
    networks: dict


class NetworkWeights(dict):
    """All arrays of a file: a dict of "G_ema.<official name>" and the same of "G" and "D" -> ndarray.

    An official name alone stands for the array of the averaged generator, or else of the discriminator.
    """

    @classmethod
    def of(cls, file: NetworkFile) -> Self:
        """Those of a `NetworkFile`."""
        return cls(
            (f"{key}.{name}", array) for key, network in file.networks.items() for name, array in network.arrays.items()
        )

    def __missing__(self, name: str) -> int | np.ndarray:
        for key in ("G_ema", "D", "G"):
            if dict.__contains__(self, f"{key}.{name}"):
                return self[f"{key}.{name}"]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(dict.__contains__(self, full) for full in (name, f"G_ema.{name}", f"D.{name}", f"G.{name}"))

    def get(self, name: str, default: Any = None) -> int | None:
        """The array of a name, with or without the network's."""
        return self[name] if name in self else default


def entries(value: Any) -> dict[str, Any]:
    """The text keys of a dict, or of a record of one, with their values: dict; {} for None.

    Raises:
        RefusedPickle: for something else.
    """
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    if not isinstance(value, Call) or value.name not in _DICTS:
        raise RefusedPickle("something in it is no dict where one belongs")
    listed = value.args[0] if value.args else ()
    if isinstance(listed, dict):
        return {**listed, **value.items}
    pairs = listed if isinstance(listed, (list, tuple)) else ()
    pairs = [pair for pair in pairs if isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str)]
    # The entries of a namespace are its attributes; what else a dict has as attributes, such as versions, is left out.
    state = value.state if value.name == _NAMESPACE and isinstance(value.state, dict) else {}
    return {**dict(map(tuple, pairs)), **state, **value.items}
