"""The files of a very large folder, listed in the background: names alone, packed, in an order that never changes."""

from __future__ import annotations

import collections.abc
import functools
import os
import threading
import time
import zlib
from typing import TYPE_CHECKING

from keras_transfer_gen.data.decode import IMAGE_SUFFIXES
from keras_transfer_gen.data.entries import READ_ERRORS, is_hidden, why_unreadable
from keras_transfer_gen.data.image_set import Skipped

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike

CHUNK = 1000  # names that are packed together
OPEN_CHUNKS = 64  # chunks that are unpacked at once: 5 MB of names
UNHURRIED = 3.0  # seconds of rest for each second of listing, while nobody waits for a name


class FolderIndex(collections.abc.Sequence):
    """Relative paths of the files below a folder whose names end as those of images, sorted within each folder.

    A folder's own files come before those of its sub-folders. A million names take about 5 MB, since chunks of them are
    compressed. Nothing is opened: what is no image is noticed when it is decoded. Links are followed where they look
    like images, linked folders are not. While no one waits for a name, the listing leaves most of its core to others.

    Args:
        root: existing folder.

    Attributes:
        skipped: list of `Skipped`: folders that can't be read.
        hidden: list of str: hidden files and folders, which are not looked at.
    """

    def __init__(self, root: PathLike) -> None:
        self.root = os.fspath(root)
        self.skipped: list[Skipped] = []
        self.hidden: list[str] = []
        self._chunks: list[bytes] = []  # `CHUNK` names each, the last one fewer
        self._count, self._ended = 0, False
        self._wanted: float = 0  # files that someone waits for
        self._news = threading.Condition()
        self._unpacked = functools.lru_cache(OPEN_CHUNKS)(self._unpack)
        threading.Thread(target=self._list, daemon=True).start()

    def __len__(self) -> int:
        """The number of files; waits for the end of the listing."""
        return self.wait_for(None)

    def __getitem__(self, number: int) -> str:  # type: ignore[override]
        """The relative path of a file, with forward slashes; waits until it is listed."""
        number = int(number)
        if number < 0 or self.wait_for(number + 1) <= number:
            raise IndexError(number)
        return self._unpacked(number // CHUNK)[number % CHUNK]

    def path(self, number: int) -> str:
        """The path of a file, as `open` takes it."""
        return os.path.join(self.root, self[number])

    def wait_for(self, count: int | None) -> int:
        """Waits until so many files are listed, or all are where there are fewer (None: all).

        A chunk of files is listed at once, so the wait may be longer by the rest of a chunk.

        Returns:
            int: `count`, or the number of all files where that is less.
        """
        least = float("inf") if count is None else count
        with self._news:
            if not self._ended and self._count < least:
                self._wanted = max(self._wanted, least)
                self._news.notify_all()  # the listing may be at rest
                self._news.wait_for(lambda: self._ended or self._count >= least)
            return self._count if count is None else min(count, self._count)

    @property
    def ended(self) -> bool:
        """Whether all files are listed (bool)."""
        return self._ended

    def _list(self) -> None:
        waiting, names = [""], []
        try:
            while waiting:
                start = time.thread_time()
                prefix = waiting.pop()
                inside, folders = self._read(prefix)
                waiting += [folder + "/" for folder in reversed(folders)]
                names += inside
                whole = len(names) // CHUNK * CHUNK
                self._add(names[:whole])
                names = names[whole:]
                self._rest(UNHURRIED * (time.thread_time() - start))
            self._add(names)
        finally:
            with self._news:
                self._ended = True
                self._news.notify_all()

    def _rest(self, seconds: float) -> None:
        """Waits, unless someone waits for a file that is not listed yet."""
        with self._news:
            self._news.wait_for(lambda: self._wanted > self._count, seconds)

    def _read(self, prefix: str) -> tuple[list[str], list[str]]:
        """(relative paths of the files, of the folders) of one folder, both sorted."""
        inside, folders = [], []
        try:
            with os.scandir(os.path.join(self.root, prefix)) as items:
                for item in items:
                    name = item.name
                    if is_hidden(name):
                        self.hidden.append(prefix + name)
                    elif item.is_dir(follow_symlinks=False):
                        folders.append(prefix + name)
                    elif name[name.rfind(".") :].lower() in IMAGE_SUFFIXES:
                        inside.append(prefix + name)
        except READ_ERRORS as error:
            self.skipped.append(Skipped(prefix.rstrip("/") or self.root, why_unreadable(error)))
        return sorted(inside), sorted(folders)

    def _add(self, names: list[str]) -> None:
        """Adds files; only the last call may have a number of them that is no multiple of `CHUNK`."""
        chunks = [names[first : first + CHUNK] for first in range(0, len(names), CHUNK)]
        packed = [zlib.compress(b"\0".join(map(os.fsencode, chunk)), 1) for chunk in chunks]
        with self._news:
            self._chunks += packed
            self._count += len(names)
            self._news.notify_all()

    def _unpack(self, chunk: int) -> list[str]:
        return [os.fsdecode(name) for name in zlib.decompress(self._chunks[chunk]).split(b"\0")]


def count_files(root: PathLike, most: int) -> int:
    """How many files are below a folder, or `most` where there are at least as many; hidden ones are left out.

    Args:
        root: existing folder.
        most: where counting ends.
    """
    count, waiting = 0, [os.fspath(root)]
    while waiting and count < most:
        try:
            with os.scandir(waiting.pop()) as items:
                for item in items:
                    if is_hidden(item.name):
                        continue
                    if item.is_dir(follow_symlinks=False):
                        waiting.append(item.path)
                    else:
                        count += 1
                        if count >= most:
                            break
        except OSError:  # it is said when it is read
            continue
    return count
