"""One process at a time in a RUN: a file that names who is at work there. Standard library."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


NAME = ".ktg-lock.json"  # hidden, so that a folder with nothing else in it counts as empty
WRITING_SECONDS = 0.3  # another process may have made the file and not yet written it


@contextlib.contextmanager
def lock(folder: PathLike) -> Iterator[None]:
    """Keeps other processes out of a folder until the block ends, however it ends.

    The folder is made where it is missing; what was made and is still empty at the end is removed again.

    Raises:
        UserError: where another process has locked it.
        UserFileError: where nothing can be written there.
    """
    path = Path(folder) / NAME
    missing = [parent for parent in (path.parent, *path.parent.parents) if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while not _make(path):
            check_free(folder)
            path.unlink(missing_ok=True)  # its process is gone
    except OSError as error:
        if isinstance(error, checks.USER_ERRORS):
            raise
        raise checks.UserFileError(f"cannot write {folder}: {error.strerror}. Choose another --out.") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty
            for parent in missing:
                parent.rmdir()


def release(folder: PathLike) -> None:
    """Removes the lock of a process that ends at once, on whatever machine the run goes on."""
    (Path(folder) / NAME).unlink(missing_ok=True)


def check_free(folder: PathLike) -> None:
    """Raises a `UserError` where a process that may be alive holds the folder."""
    path = Path(folder) / NAME
    owner = _read(path)
    if owner is None or not _may_live(owner):
        return
    step = (
        f"Process {owner['pid']} on {owner['host']} has been at work there since {owner['since']}. Wait for it or "
        f"choose another --out; if you are sure that it is gone, remove {path}."
    )
    raise checks.user_error("out", "a RUN that no other process writes to", str(folder), step)


def _make(path: Path) -> bool:
    """Makes the file if there is none; whether it did."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    since = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "start": _start(os.getpid())}
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(owner))
    return True


def _read(path: Path) -> dict[str, Any] | None:
    """Who holds the lock: a dict, or None where there is none or a crash left it unfinished."""
    for wait in (WRITING_SECONDS, 0.0):
        try:
            owner = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(owner, dict) and {"pid", "host", "since", "start"} <= set(owner):
                return owner
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            pass
        time.sleep(wait)
    return None


def _may_live(owner: dict[str, Any]) -> bool:
    """Whether the process of a lock may still be there; of one on another machine nobody knows."""
    if owner["host"] != socket.gethostname() or os.name == "nt":  # there, os.kill would end the process
        return True
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return _start(owner["pid"]) == owner["start"]  # numbers of processes are given anew, after a restart above all


def _start(pid: int) -> int | None:
    """When a process began, in ticks since the machine did, or None where it has ended or the system doesn't tell."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *rest = text.rpartition(")")[2].split()  # its name, in brackets, may hold anything
    return None if state in "ZX" else int(rest[18])
