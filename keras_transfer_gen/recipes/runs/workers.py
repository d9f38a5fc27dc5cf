"""The processes that train one RUN together: the first of them decides, measures and writes; the others hear of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.training.callbacks import AgreedStop
from keras_transfer_gen.training.worker_loop import lost_workers_on_one_line
from keras_transfer_gen.worker_cluster import ALONE, WorkerCluster, WorkerLost

SHARED_SECONDS = 60
ERRORS = {kind.__name__: kind for kind in (checks.UserError, checks.UserFileError, checks.Interrupted)}


class Workers:
    """What the workers of a run tell each other; alone, a process just does everything itself.

    Every method must be called by all workers, in the same order: each waits for the others.

    Args:
        cluster: `WorkerCluster` with the number of this worker.
        strategy: `tf.distribute.Strategy` of all workers; not used alone.
    """

    def __init__(self, cluster: WorkerCluster = ALONE, strategy: tf.distribute.Strategy | None = None) -> None:
        self.cluster, self.strategy = cluster, strategy

    @property
    def is_chief(self) -> bool:
        """Whether this worker is the first, which alone writes to the RUN."""
        return self.cluster.is_chief

    def from_chief(self, function: Callable[[], Any]) -> Any:
        """What a function returns on the first worker, which alone calls it; the others wait for it.

        Args:
            function: without arguments; what it returns must be JSON-ready.

        Returns:
            Its result. On the other workers it is read back from JSON.

        Raises:
            UserError, UserFileError, Interrupted: on all workers, where the function raises one of them.
            WorkerLost: on the others, where it raises something else, or a worker ends.
        """
        if self.cluster.size == 1:
            return function()
        if not self.is_chief:
            message = json.loads(self._send(b""))
            if "error" in message:
                raise ERRORS.get(message["error"], WorkerLost)(message["text"])
            return message["result"]
        try:
            result = function()
        except Exception as error:
            kind = next((name for name, known in ERRORS.items() if isinstance(error, known)), type(error).__name__)
            text = str(error) if kind in ERRORS else f"the first worker failed: {kind}: {error}"
            self._send(json.dumps({"error": kind, "text": text}).encode())
            raise
        self._send(json.dumps({"result": result}).encode())
        return result

    def wait(self) -> None:
        """Waits until every worker has come here."""
        self.from_chief(lambda: None)

    def check_shared(self, path: Path) -> None:
        """Raises a `UserError` on a worker that does not see a file which the first one wrote.

        Network file systems show a new file a little later to others, so it is looked for again and again.
        """
        for _ in range(1 if self.is_chief else SHARED_SECONDS):
            if path.exists():
                return
            time.sleep(1.0)
        step = "All workers read the checkpoints there: take a folder on a file system that they share."
        expected = "a folder that this worker sees as well as the first one"
        raise checks.user_error("out", expected, str(path.parent), step)

    def settle(self, callback: AgreedStop) -> None:
        """Lets a callback hear once more what all workers wish, after the last step of a training."""
        if self.cluster.size > 1:
            callback.hear(self._sum(np.asarray(callback.wishes(), np.float32)).tolist())

    def _send(self, content: bytes) -> bytes:
        """The bytes that the first worker gives, on all of them."""
        length = int(self._sum(np.int32(len(content))))
        numbers = np.zeros(length, np.int32)
        if self.is_chief:
            numbers[:] = np.frombuffer(content, np.uint8)
        return self._sum(numbers).astype(np.uint8).tobytes()

    def _sum(self, value: np.ndarray | np.generic) -> np.ndarray:
        """The sum over all workers of an ndarray that each of them gives."""
        strategy = self.strategy
        local = strategy.num_replicas_in_sync // self.cluster.size

        @tf.function(autograph=False)  # TensorFlow warns of what is summed without a graph
        def total(own: tf.Tensor) -> tf.Tensor:
            return strategy.reduce("SUM", strategy.run(tf.identity, args=(own,)), axis=None)

        with lost_workers_on_one_line():
            sums = total(tf.constant(value)).numpy()
        return sums // local if value.dtype == np.int32 else sums
