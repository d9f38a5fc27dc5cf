"""A lock between processes on one file; it ends with its process, after a crash too. Standard library alone."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen.checks import UserFileError

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

WAIT_SECONDS = 3600.0
POLL_SECONDS = 0.2


@contextlib.contextmanager
def file_lock(path: PathLike, *, wait_seconds: float | None = None) -> Iterator[bool]:
    """Locks a file while the block runs; other processes and threads that lock it wait. It is removed at the end.

    Args:
        path: the lock's file; its folder exists.
        wait_seconds: how long to wait; None waits an hour.

    Yields:
        bool, whether the file is locked: on a file system without locks the block runs without one.

    Raises:
        UserFileError: where the file can't be created, or another process keeps it locked for too long.
    """
    path = Path(path)
    end = time.monotonic() + (WAIT_SECONDS if wait_seconds is None else wait_seconds)
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            step = "Set the environment variable TFHUB_CACHE_DIR to a folder that you can write to."
            raise UserFileError(f"cannot write to {path.parent}: {error.strerror}. {step}") from error
        is_locked = _try_lock(descriptor)
        if is_locked is not False and _is_same(descriptor, path):
            break
        os.close(
            descriptor
        )  # locked by another, or removed by the process that had locked it: then there is a new file
        if is_locked is False:
            if time.monotonic() > end:
                step = "Wait for it or end it, then try again."
                raise UserFileError(f"another process is fetching the same model and does not finish: {path}. {step}")
            time.sleep(POLL_SECONDS)
    try:
        yield bool(is_locked)
    finally:
        if is_locked:
            with contextlib.suppress(OSError):  # Windows removes no open file: the next process uses it
                path.unlink()
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool | None:
    """True where this process has the lock now, False where another has it, None where the file system has no locks."""
    try:
        if fcntl is None:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
