"""The weights of a model as a safetensors file, with its spec: for other frameworks and for the Hugging Face Hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks, files
from keras_transfer_gen.export.optional import require
from keras_transfer_gen.export.parity import ExportError
from keras_transfer_gen.export.tflite_metadata import NAME, metadata_of

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.export.servable import Servable


HEADER = 8  # bytes: the length of the JSON that follows


def write_safetensors(servable: Servable, path: PathLike) -> Path:
    """Writes the weights of a model, float32, under the paths of their layers.

    It holds no program: who reads it builds the network. Its metadata holds, as JSON under "keras_transfer_gen", the
    spec, with the architecture's name, and the licence.

    Args:
        servable: `Servable`; of a VAE encoder, decoder and prior are written.
        path: file to write, usually `*.safetensors`; one that stands there is replaced. Nothing is written or replaced
            where anything fails.

    Returns:
        `pathlib.Path` of the file.

    Raises:
        UserImportError: where safetensors is missing.
        UserFileError: where `path` is a folder or another file.
        ExportError: where what is read back differs in one bit.
    """
    path = Path(path)
    check_safetensors_file(path)
    (module,) = require("safetensors", "safetensors.numpy")
    arrays = named_weights(servable.networks)
    with files.atomic_path(path) as partial:
        module.save_file(arrays, str(partial), {NAME: json.dumps(metadata_of(servable.spec, "weights", "none"))})
        again = module.load_file(str(partial))
        if set(again) != set(arrays) or not all(np.array_equal(again[key], arrays[key]) for key in arrays):
            raise ExportError("The safetensors file holds other weights than the model.")
    return path


def named_weights(networks: dict[str, Any]) -> dict[str, np.ndarray]:
    """{path: ndarray} of weights, such as "generator/block_16/conv/kernel"; equal paths are numbered.

    Args:
        networks: {name: `keras.Model` or layer}.
    """
    arrays = {}
    for network, variable in ((name, variable) for name, owner in networks.items() for variable in owner.variables):
        path = f"{network}/{variable.path.removeprefix(f'{network}/')}"
        name, number = path, 1
        while name in arrays:
            number += 1
            name = f"{path}_{number}"
        arrays[name] = np.array(variable.value.numpy(), order="C")  # ascontiguousarray would make scalars rows
    return arrays


def check_safetensors_file(path: Path) -> None:
    """Refuses, with a `UserFileError`, to write where a folder or another kind of file stands."""
    if path.is_dir():
        raise checks.file_error("path", "a file, not a folder", path, "Such as cats.safetensors with path= or --out.")
    if path.is_file():
        with open(path, "rb") as stream:
            begin = stream.read(HEADER + 1)
        if begin and begin[HEADER:] != b"{":
            hint = "Another kind of file stands there, and is kept. Choose another name with path= or --out."
            raise checks.file_error("path", "a new file, or a safetensors file to replace", path, hint)
