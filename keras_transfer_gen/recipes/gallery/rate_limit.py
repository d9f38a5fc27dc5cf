"""How often one client may ask: a bucket of requests for each, refilled at a fixed rate."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable, Hashable

MOST_CLIENTS = 1000  # that are remembered; the one that asked longest ago is forgotten first


class RateLimit:
    """Counts the requests of each client.

    Args:
        rate: requests a second, above 0.
        burst: requests that may come at once after a pause, at least 1.
        clock: function that returns seconds.

    Example:
        >>> limit = RateLimit(rate=10, burst=2, clock=lambda: 0.0)
        >>> [limit.take("a") for _ in range(3)], limit.take("b")
        ([0.0, 0.0, 0.1], 0.0)
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        # client -> (requests left, when); fewer than 0 are owed
        self._buckets: collections.OrderedDict[Hashable, tuple[float, float]] = collections.OrderedDict()
        self._lock = threading.Lock()

    def take(self, client: Hashable, spend: bool = True) -> float:
        """Takes one request out of a client's bucket.

        Args:
            client: any key, such as an address.
            spend: False takes nothing where the bucket is empty, for requests that are then refused.

        Returns:
            Seconds for which the client has to wait; 0.0 where it may go on at once.
        """
        with self._lock:
            now = self.clock()
            left, before = self._buckets.pop(client, (self.burst, now))
            left = min(self.burst, left + (now - before) * self.rate) - 1
            wait = max(0.0, -left / self.rate)
            self._buckets[client] = (left + 1 if wait and not spend else left, now)
            while len(self._buckets) > MOST_CLIENTS:
                self._buckets.popitem(last=False)
        return wait
