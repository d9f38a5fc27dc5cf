"""Files of safetensors: named arrays with a header in JSON. Written and read with NumPy alone; nothing is run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer_gen import checks, files

KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1",
         "BOOL": "?"}  # fmt: skip
MOST_HEADER = 100_000_000  # bytes, as in the format's own reader
METADATA = "__metadata__"


def write_safetensors(path: Path, arrays: Any, metadata: dict[str, str] | None = None) -> None:
    """Writes arrays to a file, whole or not at all.

    Args:
        path: of the file; an earlier one is replaced.
        arrays: dict of name -> ndarray.
        metadata: dict of text -> text that is kept beside them, or None.

    Raises:
        UserError: for an array of a type that the format does not have.

    Reference:
        https://github.com/huggingface/safetensors, "Format".
    """
    header: dict[str, dict[str, Any]] = {METADATA: dict(metadata)} if metadata else {}
    position = 0
    names = {np.dtype(kind): name for name, kind in KINDS.items()}
    for name, array in arrays.items():
        if array.dtype not in names:
            raise checks.user_error(
                "arrays", f"of types among {', '.join(KINDS)}", str(array.dtype), f"It is {name!r}."
            )
        end = position + array.nbytes
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape), "data_offsets": [position, end]}
        position = end
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with files.atomic_path(path) as partial, open(partial, "wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            stream.write(np.ascontiguousarray(array).tobytes())


def read_safetensors(path: Path) -> list[tuple[str, np.ndarray]]:
    """The arrays of a file: list of (name, ndarray), in the order of their bytes.

    Raises:
        ValueError: where the file is damaged or another one.
    """
    data = memoryview(path.read_bytes())
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(MOST_HEADER, len(data) - 8):
        raise ValueError("its header is longer than the file")
    header = json.loads(bytes(data[8 : 8 + length]))
    content, pairs = data[8 + length :], []
    if not isinstance(header, dict):
        raise ValueError("its header is none")
    for name, entry in header.items():
        if name == METADATA:
            continue
        kind, shape, (first, last) = KINDS.get(entry["dtype"]), entry["shape"], entry["data_offsets"]
        size = 0 if kind is None else math.prod(shape) * np.dtype(kind).itemsize
        if kind is None or not 0 <= first <= last <= len(content) or last - first != size:
            raise ValueError(f"{name} does not fit the file")
        pairs.append((first, name, np.frombuffer(content[first:last], kind).reshape(shape)))
    return [(name, array) for _, name, array in sorted(pairs, key=lambda pair: pair[0])]
