"""A SavedModel on disk: where in a folder it lies, whether it is whole, and a digest of its files.

Standard library alone: whether a model is whole is known before TensorFlow is loaded and its graph is read.
"""

import mmap
import os
import stat
from pathlib import Path

from keras_transfer_gen import checks, files
from keras_transfer_gen.transfer.fetching.checkpoint_index import shard_sizes

GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
MOST_FOLDERS = 1000
HIDDEN = (".", "__MACOSX")
DEPTH = 3  # archive/model/version
RESTORES = b"RestoreV2"  # the operation by which every graph with variables reads them, of TF1 and TF2 alike


def find_saved_model(folder, *, source):
    """The SavedModel in a folder: the folder itself, or the one below it.

    Where only version folders (`1`, `2`, ...) hold one, the highest is taken.

    Args:
        folder: an existing folder.
        source: what the user gave; named in errors.

    Returns:
        `pathlib.Path` of the folder that holds `saved_model.pb` or `saved_model.pbtxt`.

    Raises:
        UserFileError: where there is none, or more than one.
    """
    folder = Path(folder)
    found = _search(folder, DEPTH, [MOST_FOLDERS])
    if not found:
        names = ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"
        step = f"It holds {names}. Give the folder or archive that `tf.saved_model.save` or `model.export` made."
        raise checks.file_error("source", "a SavedModel: a folder with saved_model.pb", source, step)
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found[:5])
        step = f"It holds {names}. Give the folder of the one that you mean."
        raise checks.file_error("source", "one SavedModel", source, step)
    return found[0]


def is_saved_model(folder):
    """Whether a folder itself holds `saved_model.pb` or `saved_model.pbtxt`."""
    return any(Path(folder, name).is_file() for name in GRAPHS)


def _search(folder, depth, left):
    """The folders with a SavedModel in `folder`; `left[0]` is how many folders may still be looked into."""
    left[0] -= 1
    if left[0] < 0:
        return []
    if is_saved_model(folder):
        return [folder]
    if not depth:
        return []
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(HIDDEN))
    except OSError:
        return []
    found = {path: models for path in inner if (models := _search(path, depth - 1, left))}
    if found and all(path.name.isdecimal() for path in found):
        return found[max(found, key=lambda path: int(path.name))]
    return [model for models in found.values() for model in models]


def check_whole(folder, *, source, step):
    """Raises a `UserFileError` where a file is missing or cut without which TensorFlow could not load the model.

    Checked are the frame of `saved_model.pb`, and, where its graph restores variables, that `variables/variables.index`
    is whole and that every data file that it names has the length that it needs.

    Args:
        folder: what `find_saved_model` gave.
        source: what the user gave; named in errors.
        step: a sentence that says what to do.
    """
    why = _what_is_missing(Path(folder))
    if why:
        raise checks.file_error("source", "a whole SavedModel", source, f"{why} {step}")


def _what_is_missing(folder):
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


def _holds(path, word):
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(word) >= 0


def _is_whole_message(path):
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


def folder_digest(folder):
    """Hex SHA-256 over the relative names and contents of all files below a folder, in the order of their names.

    Links are followed; each folder is read once.
    """
    found = {}
    seen = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        for name in names:
            path = Path(root, name)
            if path.exists() and stat.S_ISREG(path.stat().st_mode):
                found[path.relative_to(folder).as_posix()] = path
    parts = (part for name in sorted(found) for part in (os.fsencode(name), files.sha256_file(found[name]).encode()))
    return files.sha256(*parts)
