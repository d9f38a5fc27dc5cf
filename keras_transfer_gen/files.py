"""Atomic writes, JSON, content hashes and the cache folder. Standard library alone."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.checks import UserFileError, file_error

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # full disk, full quota, a limit on the size of files
PARTIAL = ".partial-"  # beginning of the names of folders that something is being written in
REPLACED = "replaced"  # in such a folder: what was at the path before


@contextlib.contextmanager
def atomic_path(path: PathLike) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it gets the name `path` when the block ends without an error.

    Works for a file and for a folder (an existing folder is replaced as a whole, but never by a file). The suffix is
    the same, since some writers look at it. After an error nothing is left behind, no new folder either, and `path` is
    as it was.

    Args:
        path: of the file or folder to write; its parent folder is created where it is missing.

    Yields:
        `pathlib.Path` that does not exist yet.
    """
    path = Path(path)
    missing = [folder for folder in path.parents if not folder.exists()]  # inner ones first
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=path.parent))
    except OSError as error:
        raise UserFileError(f"cannot write {path}: {error.strerror}. Choose another path with --out.") from error
    done = False
    try:
        partial = scratch / path.name
        yield partial
        if path.is_dir() and not path.is_symlink():
            if not partial.is_dir():
                raise UserFileError(f"cannot write {path}: a folder has this name. Choose another name for the file.")
            shutil.move(path, scratch / REPLACED)
        os.replace(partial, path)
        done = True
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        for folder in [] if done else missing:
            with contextlib.suppress(OSError):  # something else has come into it meanwhile
                folder.rmdir()


def finish_partial(scratch: PathLike) -> None:
    """Brings a folder of `atomic_path`, left behind by a process that was killed, to its end: nothing is lost.

    What was killed between removing the old and naming the new gets its name; everything else is removed.

    Args:
        scratch: path of a folder whose name begins with `PARTIAL`.
    """
    scratch = Path(scratch)
    if (scratch / REPLACED).exists():  # it is moved there only once the new one is whole
        for whole in scratch.iterdir():
            if whole.name != REPLACED and not (scratch.parent / whole.name).exists():
                os.replace(whole, scratch.parent / whole.name)
    shutil.rmtree(scratch, ignore_errors=True)


def is_no_room(error: BaseException | None) -> bool:
    """Whether an exception, or what it was raised from, says that the disk or the quota is full (bool)."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return True
        error = error.__cause__ or error.__context__
    return False


def size_of(path: PathLike) -> int:
    """Bytes of a file, or of all files below a folder; 0 where there is none."""
    path = Path(path)
    inside = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in inside if file.is_file())


def write_bytes(path: PathLike, content: bytes) -> None:
    """Writes `content` (bytes) to `path`; after an error `path` is as it was."""
    with atomic_path(path) as partial:
        partial.write_bytes(content)


def write_text(path: PathLike, content: str) -> None:
    """Writes `content` (str) to `path` as UTF-8; after an error `path` is as it was."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: PathLike, content: Any) -> None:
    """Writes `content` to `path` as indented JSON; NaN and infinity are refused."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: PathLike) -> Any:
    """The content of a JSON file; a `UserFileError` where it is missing or broken."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise file_error("path", "an existing JSON file", path) from error
    except (ValueError, OSError) as error:
        raise file_error("path", "a readable JSON file", path, f"It could not be read: {error}.") from error


def sha256(*parts: Any) -> str:
    """Hex SHA-256 over bytes-like parts, each preceded by its length, so that no two splits give the same digest."""
    digest = hashlib.sha256()
    for part in parts:
        view = memoryview(part).cast("B")
        digest.update(view.nbytes.to_bytes(8, "little"))
        digest.update(view)
    return digest.hexdigest()


def sha256_file(path: PathLike) -> str:
    """Hex SHA-256 of a file's content."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def cache_folder(kind: str) -> Path:
    """The folder for things that may be deleted at any time: `$KTG_CACHE_DIR` or the user's cache, plus `kind`."""
    root = os.environ.get("KTG_CACHE_DIR") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "keras_transfer_gen")
    return Path(root).expanduser() / kind
