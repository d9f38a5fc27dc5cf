"""What is in a file of another program's StyleGAN2 networks, read off the file alone. Loads no TensorFlow."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, files
from keras_transfer_gen.networks.stylegan2.from_tensors import discriminator_shape, generator_shape
from keras_transfer_gen.recipes.models.prefetch import prefetch
from keras_transfer_gen.transfer.pickles.licences import licence_of
from keras_transfer_gen.transfer.pickles.read_file import TENSORFLOW, read_network_file

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.models.resolve import ModelRef


SHAPES: dict[str, Callable[..., Any]] = {"G_ema": generator_shape, "G": generator_shape, "D": discriminator_shape}


@dataclasses.dataclass(frozen=True)
class NetworkFileInspection:
    """What `inspect_network_file` returns.

    Args:
        source: what the user calls the file.
        facts: dict about the file: what wrote it, its digest, its licence.
        networks: dict of "G_ema", "G", "D" -> dict of the network's sizes and switches.
    """

    source: str
    facts: dict[str, Any]
    networks: dict[str, dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict."""
        return {"source": self.source, **self.facts, "networks": self.networks}

    def rows(self) -> list[tuple[Any, ...]]:
        """Rows of a table for a person: what is said of a network, and its value for each of them."""
        names = dict.fromkeys(name for facts in self.networks.values() for name in facts)
        return [(name, *(facts.get(name, "") for facts in self.networks.values())) for name in names]


def inspect_network_file(ref: ModelRef) -> NetworkFileInspection:
    """Describes a file of networks: nothing in it is run or imported.

    Args:
        ref: `ModelRef` of the kind "network_file".

    Returns:
        `NetworkFileInspection`.

    Raises:
        UserError: where the file is damaged or of another kind, or holds other networks.
        UserFileError: where it is missing.
    """
    path = Path(prefetch(ref).path)
    file = read_network_file(path)
    networks = {}
    with checks.named(source="source"):
        for key, network in file.networks.items():
            shape = SHAPES[key](network.arrays, network.attributes)
            count = sum(math.prod(a.shape) for name, a in network.arrays.items() if _is_parameter(name))
            networks[key] = {**dataclasses.asdict(shape), "widths": list(shape.widths), "parameters": count}
    programs = {network.program for network in file.networks.values()} - {""}
    facts = {
        "written_by": file.form,
        "sha256": files.sha256_file(path),
        "licence": licence_of(path.name, file.form == TENSORFLOW),
        "program_text": "none" if not programs else f"not run; SHA-256 {', '.join(sorted(programs))}",
        "notes": " ".join(dict.fromkeys(note for network in file.networks.values() for note in network.notes)),
    }
    return NetworkFileInspection(ref.name, facts, networks)


def _is_parameter(name: str) -> bool:
    """Whether an array is trained: filters, noise maps and the average style are not."""
    return name.rsplit(".", 1)[-1] not in ("resample_filter", "noise_const", "w_avg")
