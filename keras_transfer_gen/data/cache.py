"""Decoded images on disk, so that each file is decoded once: records of one length and an index beside them."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import files
from keras_transfer_gen.data.image_set import digest_of

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.data.decode import Frame


VERSION = 1  # part of the keys: raise it when decoding changes, so that older caches are not used any more
MEMORY_LIMIT = 2**30  # bytes; larger sets of images stay on disk and are mapped
RECORDS = "records.u8"
INDEX = "index.json"


def cached_records(
    key: str | None,
    shape: tuple[int, int, int],
    produce: Callable[[Callable[[np.ndarray], Any]], dict[str, Any]],
    cache_dir: PathLike | None = None,
) -> tuple[np.ndarray, str, dict[str, Any]]:
    """The images of an earlier call with the same key, or else those of `produce`.

    A damaged cache is written again. Where nothing can be written the images are kept in memory.

    Args:
        key: hex digest of everything that the images depend on. None where that is not known before they are
            decoded: then only what is too large for memory stays on disk.
        shape: (S, S, C) of an image.
        produce: function `write -> notes`: calls `write(uint8 [S, S, C])` for each image in order and returns
            JSON-ready notes that are kept with them. May be called twice.
        cache_dir: folder of the caches; `files.cache_folder("pictures")` by default.

    Returns:
        (images uint8 `[N, S, S, C]`, read-only; their digest; notes). `images` is an `np.memmap` above `MEMORY_LIMIT`.
    """
    root = files.cache_folder("pictures") if cache_dir is None else Path(cache_dir)
    folder = root / (key or f"unnamed-{uuid.uuid4().hex}")
    records = _read_whole(folder, shape) if key else None
    if records is not None:
        return records
    try:
        with files.atomic_path(folder) as partial:
            partial.mkdir()
            digest = _write(partial, shape, produce)
        return _read_records(folder if key else _rename_large(folder, root / digest, shape), shape)
    except OSError:  # the disk is full or read-only, or another process was faster: the work goes on without a cache
        return _in_memory(shape, produce)
    finally:
        if not key:
            shutil.rmtree(folder, ignore_errors=True)


def frame_settings(frame: Frame) -> tuple[int | str | tuple[int, int, int], ...]:
    """The part of a key that stands for a `decode.Frame` and for how images are decoded: a tuple."""
    return (VERSION, frame.image_size, frame.channels, frame.resize_mode, frame.background)


def _in_memory(
    shape: tuple[int, int, int], produce: Callable[[Callable[[np.ndarray], Any]], dict[str, Any]]
) -> tuple[np.ndarray, str, dict[str, Any]]:
    parts = []
    notes = produce(lambda image: parts.append(image.copy()))
    images = np.stack(parts) if parts else np.zeros((0, *shape), np.uint8)
    images.flags.writeable = False
    return images, digest_of(images), notes


def _write(
    folder: Path, shape: tuple[int, int, int], produce: Callable[[Callable[[np.ndarray], Any]], dict[str, Any]]
) -> str:
    with open(folder / RECORDS, "wb") as stream:
        notes = produce(lambda image: stream.write(np.ascontiguousarray(image, np.uint8).data))
    count = (folder / RECORDS).stat().st_size // int(np.prod(shape))
    digest = digest_of(_open(folder, count, shape))
    # Escaped to ASCII: a file's name may hold bytes that are no UTF-8.
    files.write_text(folder / INDEX, json.dumps({"count": count, "digest": digest, "notes": notes}))
    return digest


def _rename_large(folder: Path, named: Path, shape: tuple[int, int, int]) -> Path:
    """Moves records that must stay on disk to `named`, after their digest; returns the folder that they are in."""
    if (folder / RECORDS).stat().st_size <= MEMORY_LIMIT:
        return folder
    if _read_whole(named, shape) is None:
        shutil.rmtree(named, ignore_errors=True)
        folder.rename(named)
    return named


def _read_whole(folder: Path, shape: tuple[int, int, int]) -> tuple[np.ndarray, str, dict[str, Any]] | None:
    """The records where they are whole, else None."""
    try:
        images, digest, notes = _read_records(folder, shape)
        return (images, digest, notes) if digest_of(images) == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read_records(folder: Path, shape: tuple[int, int, int]) -> tuple[np.ndarray, str, dict[str, Any]]:
    index = files.read_json(folder / INDEX)
    return _open(folder, index["count"], shape), index["digest"], index["notes"]


def _open(folder: Path, count: Any, shape: tuple[int, int, int]) -> np.ndarray:
    path, size = folder / RECORDS, count * int(np.prod(shape))
    if path.stat().st_size != size:
        raise OSError("the records have another length than the index says")
    if size > MEMORY_LIMIT:
        return np.memmap(path, np.uint8, "r", shape=(count, *shape))
    images = np.fromfile(path, np.uint8).reshape(count, *shape)
    images.flags.writeable = False
    return images
