"""The files of a folder or a zip archive: what there is, under which name, and how to read it.

Nothing is ever unpacked to disk, so an archive can't write outside a folder, and nothing is opened that isn't a file.
"""

import dataclasses
import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from keras_transfer_gen import files
from keras_transfer_gen.data.decode import UnusableError
from keras_transfer_gen.data.image_set import Skipped

MAX_FILE_BYTES = 256 * 2**20
BOMB_BYTES = 8 * 2**20  # from this size on a member is refused where it was packed by more than BOMB_RATIO
BOMB_RATIO = 200
HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini")
# What opening and reading raise; zipfile adds RuntimeError (encrypted) and NotImplementedError (packed in another way).
READ_ERRORS = (OSError, RuntimeError, zipfile.BadZipFile, zlib.error, EOFError, ValueError)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file that may be an image.

    Args:
        name: relative path, with forward slashes.
        size: bytes, unpacked.
        packed: bytes as stored.
        open: function `() -> binary stream`.
        fingerprint: function `() -> str` that changes with the content.
    """

    name: str
    size: int
    packed: int
    open: Callable
    fingerprint: Callable

    def check_size(self):
        """Raises `UnusableError` where the file is too large to read, or a bomb."""
        if self.size > MAX_FILE_BYTES:
            raise UnusableError(
                f"file of {self.size / 2**20:,.0f} MB: over the limit of {MAX_FILE_BYTES / 2**20:.0f} MB"
            )
        if is_bomb(self.size, self.packed):
            raise UnusableError(f"zip bomb: unpacks to {self.size // max(self.packed, 1):,} times its size")


def is_bomb(size, packed):
    """Whether `packed` bytes unpack to so many that no real image is among them."""
    return size > BOMB_BYTES and size > BOMB_RATIO * packed


def list_folder(root):
    """Every file below `root` but hidden ones; links are followed, and each folder is read once.

    Args:
        root: an existing folder.

    Returns:
        (list of `Entry` sorted by name, list of `Skipped`).
    """
    entries, skipped, seen = [], [], set()
    # Real folders before linked ones, so that an image is found under its own path and a loop is never entered.
    folders, links = [(Path(root), "")], []
    while folders or links:
        folder, prefix = folders.pop() if folders else links.pop(0)
        try:
            facts = folder.stat()
            # (0, 0) is what file systems without inode numbers give.
            if (facts.st_dev, facts.st_ino) in seen and facts.st_ino:
                continue
            seen.add((facts.st_dev, facts.st_ino))
            found = sorted(os.scandir(folder), key=lambda item: item.name)
        except OSError as error:
            skipped.append(Skipped(prefix.rstrip("/") or str(folder), why_unreadable(error)))
            continue
        for item in found:
            name = prefix + item.name
            if _is_hidden(item.name):
                continue
            try:
                facts = item.stat()
            except OSError as error:
                link = item.is_symlink()
                skipped.append(Skipped(name, "cannot be read: broken link" if link else why_unreadable(error)))
                continue
            if stat.S_ISDIR(facts.st_mode):
                (links if item.is_symlink() else folders).append((Path(item.path), name + "/"))
            elif stat.S_ISREG(facts.st_mode):
                entries.append(_file_entry(name, item.path, facts.st_size))
            else:
                skipped.append(Skipped(name, "not a file"))
    return sorted(entries, key=lambda entry: entry.name), skipped


def list_zip(archive, path):
    """Every member of an archive but folders and hidden ones.

    Args:
        archive: open `zipfile.ZipFile`; must stay open while entries are read.
        path: where it lies.

    Returns:
        (list of `Entry` sorted by name, list of `Skipped`).
    """
    content = files.sha256_file(path)
    entries = [
        Entry(
            name=info.filename,
            size=info.file_size,
            packed=info.compress_size,
            open=lambda info=info: archive.open(info),
            fingerprint=lambda number=number: f"{content}:{number}",
        )
        for number, info in enumerate(archive.infolist())
        if not info.is_dir() and not any(_is_hidden(part) for part in info.filename.split("/"))
    ]
    return sorted(entries, key=lambda entry: entry.name), []


def why_unreadable(error):
    """The reason for a `Skipped`, of an exception among `READ_ERRORS`."""
    said = str(getattr(error, "strerror", None) or error).strip()
    if isinstance(error, RuntimeError):
        said = "encrypted" if "encrypted" in said else "packed in an unknown way"
    elif isinstance(error, (zipfile.BadZipFile, zlib.error, EOFError)):
        said = "damaged in the archive"
    return f"cannot be read: {said[:1].lower()}{said[1:]}"


def _file_entry(name, path, size):
    return Entry(name, size, size, lambda: open(path, "rb"), lambda: files.sha256_file(path))


def _is_hidden(part):
    return (part.startswith(".") and part not in (".", "..")) or part in HIDDEN
