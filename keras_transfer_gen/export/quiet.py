"""Keeps messages of TensorFlow's C++ code off the terminal."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Discards what is written to file descriptor 2 of the process while the block runs.

    The converter and the interpreter write to the descriptor itself, which no Python setting stops. What other threads
    write meanwhile is lost as well, so keep the block short.
    """
    try:
        saved = os.dup(2)
    except OSError:  # the process has no standard error, so there is nothing to keep clean
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
