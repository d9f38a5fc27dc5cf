"""Decoded images on disk, at most so many gigabytes of them: the least recently used ones make room for new ones.

Three files: the pixels of each slot, what is in it (key and checksum), and when it was used last. They are mapped, so
they are as a process left them, however it ended; a slot whose checksum is wrong counts as empty.
"""

from __future__ import annotations

import os
import threading
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


SHARE = 0.02  # of the slots that are emptied at once
MOST_SLOTS = 1 << 22  # a larger cache of tiny images would need more memory than it saves
GB = 1e9


class BoundedCache:
    """Records of one length by a key, in a folder.

    Args:
        folder: of the files; made where it is missing. One process at a time writes to it.
        shape: (S, S, C) of a uint8 record.
        cache_gb: gigabytes of pixels at most; at least one record is kept.

    Attributes:
        capacity: records that there is room for.
    """

    def __init__(self, folder: PathLike, shape: tuple[int, ...], cache_gb: float) -> None:
        self.shape, self.size = tuple(shape), int(np.prod(shape))
        self.capacity = min(max(int(cache_gb * GB) // self.size, 1), MOST_SLOTS)
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._pixels = _mapped(folder / "pixels.u8", np.uint8, (self.capacity, self.size))
        self._keys = _mapped(folder / "keys.u64", np.uint64, (self.capacity,))
        self._sums = _mapped(folder / "sums.u32", np.uint32, (self.capacity,))
        self._used = _mapped(folder / "used.u64", np.uint64, (self.capacity,))
        self._clock = int(self._used.max())
        full = np.flatnonzero(self._keys)
        self._slots = dict(zip(self._keys[full].tolist(), full.tolist(), strict=True))
        self._new = int(full[-1]) + 1 if len(full) else 0  # the first slot that was never filled
        self._free = np.flatnonzero(self._keys[: self._new] == 0).tolist()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._slots)

    def get(self, key: int) -> np.ndarray | None:
        """The record of a key, uint8 `[S, S, C]`, or None where there is none that is whole.

        Args:
            key: int from 1 to 2**64 - 1.
        """
        with self._lock:
            slot = self._slots.get(key)
            if slot is None:
                return None
            record = self._pixels[slot].copy()
            if zlib.crc32(record.data) != self._sums[slot]:
                self._empty(slot)
                return None
            self._note_use(slot)
        return record.reshape(self.shape)

    def put(self, key: int, record: np.ndarray) -> None:
        """Keeps a record under a key; where there is no room, those that were not used for longest go.

        Args:
            key: as in `get`.
            record: uint8 `[S, S, C]`.
        """
        record = np.ascontiguousarray(record, np.uint8).reshape(-1)
        with self._lock:
            if key in self._slots:
                return
            slot = self._empty_slot()
            self._keys[slot] = 0  # until its pixels are whole
            self._pixels[slot] = record
            self._sums[slot] = zlib.crc32(record.data)
            self._keys[slot] = key
            self._slots[key] = slot
            self._note_use(slot)

    def _note_use(self, slot: int) -> None:
        self._clock += 1
        self._used[slot] = self._clock

    def _empty_slot(self) -> int:
        if not self._free and self._new < self.capacity:
            self._new += 1
            return self._new - 1
        if not self._free:
            self._make_room()
        return self._free.pop()

    def _make_room(self) -> None:
        count = min(max(int(SHARE * self.capacity), 1), self.capacity)
        oldest = np.argpartition(self._used, count - 1)[:count]
        for slot in sorted(oldest, key=lambda slot: -int(self._used[slot])):  # the oldest is filled first
            self._empty(int(slot))

    def _empty(self, slot: int) -> None:
        self._slots.pop(int(self._keys[slot]), None)
        self._keys[slot] = 0
        self._free.append(slot)


def _mapped(path: Path, dtype: type[np.generic], shape: tuple[int, ...]) -> np.memmap:
    """A file as an array; one of another length, of a cache of another size, is begun anew."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if not path.is_file() or path.stat().st_size != size:
        with open(path, "wb") as stream:
            os.truncate(stream.fileno(), size)  # a file with holes: it takes no room until it is written
    return np.memmap(path, dtype, "r+", shape=shape)
