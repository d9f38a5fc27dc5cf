"""Whether the file system of a RUN can do what a run relies on: locks and renames. Standard library."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, files

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


MOUNTS = Path("/proc/self/mounts")


def check_file_system(folder: PathLike, say: Callable[[str], Any]) -> None:
    """Tries in a folder what a run does there, and says what does not work.

    Args:
        folder: existing folder that can be written.
        say: function of a line of text, for what a person must take care of.

    Raises:
        UserFileError: where files or folders can't be renamed: then no checkpoint would be whole or absent.
    """
    scratch = Path(tempfile.mkdtemp(prefix=files.PARTIAL, dir=folder))
    try:
        if not renames(scratch):
            step = (
                "Files or folders can't be renamed there, so checkpoints could be half written. Choose another --out, "
                "such as one on a local disk, and copy the RUN afterwards."
            )
            expected = "a folder on a file system with renames"
            raise checks.file_error("out", expected, f"{folder}{describe_mount(folder)}", step)
        if not excludes(scratch):
            say(
                f"locks don't work on the file system of {folder}{describe_mount(folder)}: a second process is not "
                "kept out. Make sure that only one works there."
            )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def excludes(folder: Path) -> bool:
    """Whether only one process can make a file of a name, on which the lock of a RUN relies (bool)."""
    path = Path(folder, "lock")
    with contextlib.suppress(OSError):
        for _ in range(2):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
        return False
    return path.exists()


def renames(folder: Path) -> bool:
    """Whether a file can replace another one, and a folder can be renamed with what it holds (bool)."""
    old, new, inside = Path(folder, "old"), Path(folder, "new"), Path(folder, "folder")
    try:
        old.write_text("old")
        new.write_text("new")
        os.replace(new, old)
        inside.mkdir()
        (inside / "file").write_text("file")
        os.replace(inside, folder / "renamed")
        return old.read_text() == "new" and not new.exists() and (folder / "renamed" / "file").read_text() == "file"
    except OSError as error:
        if files.is_no_room(error):
            raise
        return False


def describe_mount(folder: PathLike) -> str:
    """The kind of the file system that a folder is on, as in " (nfs4)"; "" where the system does not tell."""
    path = Path(folder).resolve()
    try:
        rows = [line.split() for line in MOUNTS.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return ""
    above = [(len(row[1]), row[2]) for row in rows if len(row) > 2 and path.is_relative_to(row[1])]
    return f" ({max(above)[1]})" if above else ""
