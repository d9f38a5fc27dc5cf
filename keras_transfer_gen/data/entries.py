"""The files of a folder, a zip archive or a list of paths: their names, their sizes, and how to read them.

Nothing is unpacked to disk, so an archive can't write outside a folder. Only files are opened.
"""

from __future__ import annotations

import dataclasses
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import files
from keras_transfer_gen.data.decode import UnusableError
from keras_transfer_gen.data.image_set import Skipped

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


MAX_FILE_BYTES = 256 * 2**20
BOMB_BYTES = 8 * 2**20  # a larger member is refused where it unpacks to more than BOMB_RATIO times its size
BOMB_RATIO = 200
SYSTEM_FILES = ("__MACOSX", "Thumbs.db", "desktop.ini")
# What opening and reading raise. RuntimeError: encrypted in a zip; NotImplementedError: packed in an unknown way.
READ_ERRORS = (OSError, RuntimeError, zipfile.BadZipFile, zlib.error, EOFError, ValueError)


@dataclasses.dataclass(frozen=True)
class FileEntry:
    """A file that may be an image.

    Args:
        name: relative path, with forward slashes.
        size: bytes, unpacked.
        packed: bytes, as stored.
        open: function `() -> binary stream`.
        fingerprint: function `() -> str` that changes with the content.
    """

    name: str
    size: int
    packed: int
    open: Callable
    fingerprint: Callable

    def check_size(self) -> None:
        """Raises `UnusableError` where the file is too large to read, or a zip bomb."""
        if self.size > MAX_FILE_BYTES:
            raise UnusableError(
                f"file of {self.size / 2**20:,.0f} MB: over the limit of {MAX_FILE_BYTES / 2**20:.0f} MB"
            )
        if is_bomb(self.size, self.packed):
            raise UnusableError(f"zip bomb: unpacks to {self.size // max(self.packed, 1):,} times its size")


def is_bomb(size: int, packed: int) -> bool:
    """Whether `packed` bytes unpack to so many that no real image is among them."""
    return size > BOMB_BYTES and size > BOMB_RATIO * packed


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of one source.

    Args:
        entries: list of `FileEntry`.
        skipped: list of `Skipped`: what can't be opened or is no file.
        hidden: list of str: names that begin with a dot and files of the operating system; a folder ends with "/".
    """

    entries: list
    skipped: list
    hidden: list


def list_folder(root: Path) -> Listing:
    """Every file below `root`, sorted by name; links are followed, and each folder is read once.

    Args:
        root: an existing folder.

    Returns:
        `Listing`.
    """
    entries, skipped, hidden, seen = [], [], [], set()
    # Real folders before linked ones, so that an image has its own path and a loop of links is never entered.
    folders, links = [(Path(root), "")], []
    while folders or links:
        folder, prefix = folders.pop() if folders else links.pop(0)
        try:
            facts = folder.stat()
            # (0, 0) is what file systems without inode numbers give.
            if (facts.st_dev, facts.st_ino) in seen and facts.st_ino:
                continue
            seen.add((facts.st_dev, facts.st_ino))
            items = sorted(os.scandir(folder), key=lambda item: item.name)
        except OSError as error:
            skipped.append(Skipped(prefix.rstrip("/") or str(folder), why_unreadable(error)))
            continue
        for item in items:
            name = prefix + item.name
            if is_hidden(item.name):
                hidden.append(name + "/" if item.is_dir(follow_symlinks=False) else name)
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
    return Listing(sorted(entries, key=lambda entry: entry.name), skipped, sorted(hidden))


def list_zip(archive: zipfile.ZipFile, path: Path) -> Listing:
    """Every member of an archive that isn't a folder, sorted by name.

    Args:
        archive: open `zipfile.ZipFile`; must stay open while entries are read.
        path: of its file.

    Returns:
        `Listing`.
    """
    content = files.sha256_file(path)
    entries, hidden = [], []
    for number, info in enumerate(archive.infolist()):
        if info.is_dir():
            continue
        if any(is_hidden(part) for part in info.filename.split("/")):
            hidden.append(info.filename)
            continue
        entries.append(
            FileEntry(
                name=info.filename,
                size=info.file_size,
                packed=info.compress_size,
                open=lambda info=info: archive.open(info),
                fingerprint=lambda number=number: f"{content}:{number}",
            )
        )
    return Listing(sorted(entries, key=lambda entry: entry.name), [], sorted(hidden))


def list_paths(paths: Iterable[PathLike]) -> Listing:
    """The files of a list of paths, in its order, hidden ones too: they were named.

    Args:
        paths: str or `pathlib.Path`; "~" is the home folder. Names are relative to the folder that holds them all.

    Returns:
        `Listing`.
    """
    resolved = [Path(path).expanduser() for path in paths]
    names = _relative_names(resolved)
    entries, skipped = [], []
    for path, name in zip(resolved, names, strict=True):
        try:
            facts = path.stat()
        except (OSError, ValueError) as error:  # a ValueError is a name that no file can have
            skipped.append(Skipped(name, why_unreadable(error)))
            continue
        if stat.S_ISREG(facts.st_mode):
            entries.append(_file_entry(name, path, facts.st_size))
        else:
            folder = stat.S_ISDIR(facts.st_mode)
            skipped.append(Skipped(name, "a folder in a list of files" if folder else "not a file"))
    return Listing(entries, skipped, [])


def _relative_names(paths: list[Path]) -> list[str]:
    """Names with forward slashes, relative to the folder that holds all of the paths."""
    absolute = [os.path.abspath(path) for path in paths]
    try:
        root = os.path.commonpath([os.path.dirname(path) for path in absolute])
    except ValueError:  # several drives
        return [path.as_posix() for path in paths]
    return [Path(os.path.relpath(path, root)).as_posix() for path in absolute]


def why_unreadable(error: BaseException) -> str:
    """The reason for a `Skipped`, of an exception among `READ_ERRORS`."""
    reason = str(getattr(error, "strerror", None) or error).strip()
    if isinstance(error, RuntimeError):
        reason = "encrypted" if "encrypted" in reason else "packed in an unknown way"
    elif isinstance(error, (zipfile.BadZipFile, zlib.error, EOFError)):
        reason = "damaged in the archive"
    return f"cannot be read: {reason[:1].lower()}{reason[1:]}"


def _file_entry(name: str, path: PathLike, size: int) -> FileEntry:
    return FileEntry(name, size, size, lambda: open(path, "rb"), lambda: files.sha256_file(path))


def is_hidden(part: str) -> bool:
    """Whether a file or folder of this name is not looked at (bool)."""
    return (part.startswith(".") and part not in (".", "..")) or part in SYSTEM_FILES
