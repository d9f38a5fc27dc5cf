"""A process that gets a signal is gone within its grace, whatever it is doing then. Standard library."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Self

MARGIN = 0.2  # share of the grace, at most `MOST_MARGIN` seconds, that is left for ending
MOST_MARGIN = 2.0
CANCEL = 0  # no signal has this number


class Deadline:
    """Within the `with` block: ends the process with exit code 0 when its grace after a signal is nearly over.

    Python runs a signal's handler only between two of its own instructions, and a training step can take a minute. So
    a thread watches the pipe into which Python writes the number of a signal at once.

    Args:
        grace: seconds from the signal to the end, or None: then nothing is done.
        numbers: of the signals; each needs a handler.
        leave: function that is given the signal's name before the process ends; it says what stays.
        end: function that ends the process.
    """

    def __init__(
        self,
        grace: float | None,
        numbers: Iterable[int],
        leave: Callable[[str], Any],
        end: Callable[[int], Any] = os._exit,
    ) -> None:
        self.seconds = None if grace is None else grace - min(MARGIN * grace, MOST_MARGIN)
        self.numbers, self.leave, self.end = {int(number) for number in numbers}, leave, end
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self.seconds is not None and threading.current_thread() is threading.main_thread():
            self._reader, self._writer = os.pipe()
            os.set_blocking(self._writer, False)
            self._before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._thread is not None:
            signal.set_wakeup_fd(self._before)
            os.write(self._writer, bytes([CANCEL]))
            self._thread.join()
            os.close(self._reader)
            os.close(self._writer)

    def _watch(self) -> None:
        received, until = None, None
        while received is None or time.monotonic() < until:
            wait = None if until is None else max(until - time.monotonic(), 0.0)
            ready, _, _ = select.select([self._reader], [], [], wait)
            number = os.read(self._reader, 1)[0] if ready else None
            if number == CANCEL:
                return
            if number in self.numbers and received is None:
                received, until = number, time.monotonic() + self.seconds
        self.leave(signal.Signals(received).name)
        self.end(0)
