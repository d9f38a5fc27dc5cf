"""The files of a very large folder, listed in the background: names alone, packed, in an order that never changes."""

from __future__ import annotations

import collections.abc
import os
import threading
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen.data.decode import IMAGE_SUFFIXES
from keras_transfer_gen.data.entries import READ_ERRORS, is_hidden, why_unreadable
from keras_transfer_gen.data.image_set import Skipped

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


CHUNK = 10_000  # names that are added at once


class FolderIndex(collections.abc.Sequence):
    """Relative paths of the files below a folder whose names end as those of images, sorted within each folder.

    A folder's own files come before those of its sub-folders. A million names take about 50 MB. Nothing is opened: what
    is no image is noticed when it is decoded. Links are followed where they look like images, linked folders are not.

    Args:
        root: existing folder.

    Attributes:
        skipped: list of `Skipped`: folders that can't be read.
        hidden: list of str: hidden files and folders, which are not looked at.
    """

    def __init__(self, root: PathLike) -> None:
        self.root = os.fspath(root)
        self.skipped, self.hidden = [], []
        self._chunks, self._starts = [], []  # of each chunk: its names in one text; the number of its first name
        self._count, self._ended = 0, False
        self._news = threading.Condition()
        threading.Thread(target=self._list, daemon=True).start()

    def __len__(self) -> int:
        """The number of files; waits for the end of the listing."""
        return self.wait_for(None)

    def __getitem__(self, number: int) -> str:  # type: ignore[override]  # one name at a time, no slices
        """The relative path of a file, with forward slashes; waits until it is listed."""
        number = int(number)
        if number < 0 or self.wait_for(number + 1) <= number:
            raise IndexError(number)
        chunk = int(np.searchsorted(self._starts, number, side="right")) - 1
        text, ends = self._chunks[chunk]
        rank = number - self._starts[chunk]
        return os.fsdecode(text[ends[rank - 1] if rank else 0 : ends[rank]])

    def path(self, number: int) -> str:
        """The path of a file, as `open` takes it."""
        return os.path.join(self.root, self[number])

    def wait_for(self, count: int | None) -> int:
        """Waits until so many files are listed, or all are where there are fewer (None: all).

        Returns:
            int: `count`, or the number of all files where that is less.
        """
        with self._news:
            self._news.wait_for(lambda: self._ended or (count is not None and self._count >= count))
            return self._count if count is None else min(count, self._count)

    @property
    def ended(self) -> bool:
        """Whether all files are listed (bool)."""
        return self._ended

    def _list(self) -> None:
        waiting, names = [""], []
        try:
            while waiting:
                prefix = waiting.pop()
                inside, folders = self._read(prefix)
                waiting += [folder + "/" for folder in reversed(folders)]
                names += inside
                while len(names) >= CHUNK:
                    self._add(names[:CHUNK])
                    names = names[CHUNK:]
            self._add(names)
        finally:
            with self._news:
                self._ended = True
                self._news.notify_all()

    def _read(self, prefix: str) -> tuple[list[str], list[str]]:
        """(relative paths of the files, of the folders) of one folder, both sorted."""
        inside, folders = [], []
        try:
            with os.scandir(os.path.join(self.root, prefix)) as items:
                for item in items:
                    name = prefix + item.name
                    if is_hidden(item.name):
                        self.hidden.append(name)
                    elif item.is_dir(follow_symlinks=False):
                        folders.append(name)
                    elif os.path.splitext(item.name)[1].lower() in IMAGE_SUFFIXES:
                        inside.append(name)
        except READ_ERRORS as error:
            self.skipped.append(Skipped(prefix.rstrip("/") or self.root, why_unreadable(error)))
        return sorted(inside), sorted(folders)

    def _add(self, names: list[str]) -> None:
        if not names:
            return
        encoded = [os.fsencode(name) for name in names]
        ends = np.cumsum([len(name) for name in encoded]).astype(np.int64)
        with self._news:
            self._chunks.append((b"".join(encoded), ends))
            self._starts.append(self._count)
            self._count += len(names)
            self._news.notify_all()


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
