"""A lock between processes on one file; it ends with its process, however that ends. Standard library alone."""

import contextlib
import os
import time
from pathlib import Path

from keras_transfer_gen.checks import UserFileError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

WAIT_SECONDS = 3600.0
POLL_SECONDS = 0.2


@contextlib.contextmanager
def file_lock(path, *, wait_seconds=None):
    """Holds a lock while the block runs; other processes and threads that want it wait. The file is removed at the end.

    Args:
        path: the lock's file; its folder exists.
        wait_seconds: how long to wait for others; an hour where it is None.

    Yields:
        bool, whether the lock is held: on a file system without locks the block runs all the same.

    Raises:
        UserFileError: where the file can't be made, or another process holds the lock for too long.
    """
    path = Path(path)
    end = time.monotonic() + (WAIT_SECONDS if wait_seconds is None else wait_seconds)
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            step = "Set the environment variable TFHUB_CACHE_DIR to a folder that you can write to."
            raise UserFileError(f"cannot write to {path.parent}: {error.strerror}. {step}") from error
        held = _try_lock(descriptor)
        if held is not False and _is_same(descriptor, path):
            break
        os.close(descriptor)  # held by another, or removed by the one who held it: there is a new file then
        if held is False:
            if time.monotonic() > end:
                step = "Wait for it or end it, then try again."
                raise UserFileError(f"another process is fetching the same model and does not finish: {path}. {step}")
            time.sleep(POLL_SECONDS)
    try:
        yield bool(held)
    finally:
        if held:
            with contextlib.suppress(OSError):  # Windows removes no open file: the next one takes it over
                path.unlink()
        os.close(descriptor)


def _try_lock(descriptor):
    """True where the lock is ours now, False where another has it, None where the file system has no locks."""
    try:
        if fcntl is None:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True


def _is_same(descriptor, path):
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
