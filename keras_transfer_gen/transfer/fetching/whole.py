"""Whether the files of a SavedModel are complete, told without TensorFlow, before its graph is read."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import checks
from keras_transfer_gen.saved_model_layout import GRAPHS
from keras_transfer_gen.transfer.fetching.checkpoint_index import shard_sizes

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


RESTORES = b"RestoreV2"  # the operation by which every graph with variables reads them, of TF1 and TF2 alike


def check_whole(folder: PathLike, *, source: PathLike, step: str) -> None:
    """Raises a `UserFileError` where a file is missing or cut that TensorFlow needs to load the model.

    Checked are the frame of `saved_model.pb`, and, where its graph restores variables, that `variables/variables.index`
    is whole and that every data file that it names has the length that it needs.

    Args:
        folder: what `find_saved_model` returned.
        source: what the user gave; named in errors.
        step: a sentence that says what to do.
    """
    reason = _what_is_missing(Path(folder))
    if reason:
        raise checks.file_error("source", "a whole SavedModel", source, f"{reason} {step}")


def _what_is_missing(folder: Path) -> str:
    graph = next(folder / name for name in GRAPHS if (folder / name).is_file())
    if not graph.stat().st_size or (graph.name == GRAPHS[0] and not _is_whole_message(graph)):
        return f"{graph.name} is cut, or it is no SavedModel."
    if not _holds(graph, RESTORES):
        return ""
    index = folder / "variables" / "variables.index"
    if not index.is_file():
        return "variables/variables.index is missing."
    try:
        sizes = shard_sizes(index.read_bytes())
    except ValueError as error:
        return f"variables/variables.index is damaged: {error}."
    for number, size in enumerate(sizes or ()):
        shard = index.with_name(f"variables.data-{number:05}-of-{len(sizes):05}")
        if not shard.is_file():
            return f"variables/{shard.name} is missing."
        if shard.stat().st_size < size:
            return f"variables/{shard.name} is cut: {shard.stat().st_size:,} of {size:,} bytes."
    return ""


def _holds(path: PathLike, word: bytes) -> bool:
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(word) >= 0


def _is_whole_message(path: Path) -> bool:
    """Whether the file is a sequence of fields of a `SavedModel` (1: version, 2: graphs) and ends with the last one.

    Only the lengths are read, so a graph of 2 GB costs nothing.
    """
    size = path.stat().st_size
    with open(path, "rb") as stream:
        while stream.tell() < size:
            tag = stream.read(1)
            number = 0
            for shift in range(0, 70, 7):
                byte = stream.read(1)
                if not byte:
                    return False
                number |= (byte[0] & 127) << shift
                if byte[0] < 128:
                    break
            if tag == b"\x12":
                stream.seek(number, os.SEEK_CUR)
            elif tag != b"\x08":
                return False
        return stream.tell() == size
