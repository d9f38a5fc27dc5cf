"""Images of a very large folder that look like an array, and are decoded when they are asked for."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.data import cache, decode
from keras_transfer_gen.data.entries import MAX_FILE_BYTES, READ_ERRORS, why_unreadable
from keras_transfer_gen.data.image_set import Skipped, printable

if TYPE_CHECKING:
    from keras_transfer_gen.data.bounded_cache import BoundedCache
    from keras_transfer_gen.data.folder_index import FolderIndex


WORKERS = min(8, os.cpu_count() or 1)
ATTEMPTS = 1000  # unusable files in a row after which reading gives up


class LazyImages:
    """uint8 `[N, S, S, C]`, as far as reading goes: `images[7]`, `images[[3, 1, 4]]`, `images[:36]`, `len(images)`.

    A file that can't be used is replaced by the next one that can, whichever that is: the same one each time.

    Args:
        index: `FolderIndex`.
        frame: `decode.Frame`.
        store: `BoundedCache`, or None for no cache.
        numbers: int64 `[N]`, which files of the index they are; None for all of them.

    Attributes:
        skipped: list of `Skipped`: the files that could not be used so far.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(
        self,
        index: FolderIndex,
        frame: decode.Frame,
        store: BoundedCache | None = None,
        numbers: np.ndarray | None = None,
    ) -> None:
        self.index, self.frame, self.store, self.numbers = index, frame, store, numbers
        self.skipped = []
        self._unusable, self._lock = {}, threading.Lock()
        self._pool = concurrent.futures.ThreadPoolExecutor(WORKERS)

    def __len__(self) -> int:
        return len(self.index) if self.numbers is None else len(self.numbers)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, S, S, C); waits until all files are listed."""
        return (len(self), *self.frame.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all images, decoded."""
        return len(self) * int(np.prod(self.frame.shape))

    def __getitem__(self, key: int | slice | Sequence[int] | np.ndarray) -> np.ndarray:
        if isinstance(key, (int, np.integer)):
            return self._read(self._file(range(len(self))[key] if key < 0 else int(key)))
        if isinstance(key, slice):
            key = range(*key.indices(len(self)))
        numbers = np.asarray(key)
        if numbers.dtype == bool:
            numbers = np.flatnonzero(numbers)
        flat = [self._file(int(number)) for number in numbers.reshape(-1)]
        images = list(self._pool.map(self._read, flat))
        return np.stack(images).reshape(*numbers.shape, *self.frame.shape) if images else self._none()

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[number] for number in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.nbytes > cache.MEMORY_LIMIT:
            step = f"They take {self.nbytes / 1e9:.0f} GB. Give fewer images to what needs all of them at once."
            raise checks.user_error("data", "images that fit into memory together", f"{len(self):,} images", step)
        return self[:]

    def subset(self, numbers: np.ndarray) -> LazyImages:
        """`LazyImages` of those with some numbers, int `[M]`."""
        files = np.asarray(numbers, np.int64) if self.numbers is None else self.numbers[numbers]
        return LazyImages(self.index, self.frame, self.store, files)

    def read_files(self, files: Iterable[int]) -> np.ndarray:
        """uint8 `[M, S, S, C]` of files by their numbers in the index, which may still be growing."""
        images = list(self._pool.map(self._read, map(int, files)))
        return np.stack(images) if images else self._none()

    def _none(self) -> np.ndarray:
        return np.zeros((0, *self.frame.shape), np.uint8)

    def _file(self, number: int) -> int:
        return number if self.numbers is None else int(self.numbers[number])

    def _read(self, file: int) -> np.ndarray:
        """The image of a file, or of the next one that can be used; after the last one comes the first."""
        for _ in range(ATTEMPTS):
            if file not in self._unusable:
                try:
                    return self._read_one(file)
                except IndexError:
                    file = 0
                    continue
                except decode.UnusableError as reason:
                    self._skip(file, str(reason))
                except READ_ERRORS as error:
                    self._skip(file, why_unreadable(error))
            file += 1
        first = self.skipped[0]
        raise checks.UserError(
            f"no usable image among {ATTEMPTS} files in a row in {self.index.root}, such as {printable(first.path)} "
            f"({first.reason}). Check data= (--data)."
        )

    def _skip(self, file: int, reason: str) -> None:
        with self._lock:
            if file not in self._unusable:
                self._unusable[file] = reason
                self.skipped.append(Skipped(self.index[file], reason))

    def _read_one(self, file: int) -> np.ndarray:
        name, path = self.index[file], self.index.path(file)
        facts = os.stat(path)
        if facts.st_size > MAX_FILE_BYTES:
            raise decode.UnusableError(f"file of {facts.st_size / 2**20:,.0f} MB: too large")
        key = key_of(name, facts, self.frame)
        image = None if self.store is None else self.store.get(key)
        if image is None:
            with open(path, "rb") as stream:
                content = stream.read()
            kind = decode.recognise(name, content[: decode.HEAD])
            image, _ = decode.decode_image(content, kind, self.frame)
            if self.store is not None:
                self.store.put(key, image)
        return image


def key_of(name: str, facts: os.stat_result, frame: decode.Frame) -> int:
    """The key of a file's image in a `BoundedCache`: another one where the file or the frame changed.

    Args:
        name: relative path.
        facts: `os.stat_result` of the file.
        frame: `decode.Frame`.

    Returns:
        int from 1 to 2**64 - 1.
    """
    text = repr((name, facts.st_size, facts.st_mtime_ns, cache.frame_settings(frame)))
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "little") or 1
