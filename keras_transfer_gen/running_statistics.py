"""Whether layers may update running statistics, such as an average style, while they are called in training mode."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

_STATE = threading.local()  # each replica of a strategy traces its step in a thread of its own


@contextlib.contextmanager
def keep_statistics() -> Iterator[None]:
    """Within it, layers of this package leave their running statistics as they are.

    A penalty calls a network once more, in a conditional, where a variable that replicas share can't be assigned.

    Example:
        >>> with keep_statistics():
        ...     may_update_statistics()
        False
    """
    before = may_update_statistics()
    _STATE.may_update = False
    try:
        yield
    finally:
        _STATE.may_update = before


def may_update_statistics() -> bool:
    """Whether a layer may update its running statistics now (bool)."""
    return getattr(_STATE, "may_update", True)
