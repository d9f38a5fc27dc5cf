import json
import threading

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs import workers as module
from keras_transfer_gen.recipes.runs.workers import Workers
from keras_transfer_gen.training.callbacks import StopOnSignal
from keras_transfer_gen.worker_cluster import WorkerCluster, WorkerLost


class Together(Workers):
    """Workers of one process, each in a thread, that add up their numbers at a barrier."""

    def __init__(self, number, barrier, values):
        super().__init__(WorkerCluster(("a:1", "b:1"), number))
        self.barrier, self.values = barrier, values

    def _sum(self, value):
        self.values[self.cluster.number] = value
        self.barrier.wait(timeout=20)
        total = self.values[0] + self.values[1]
        self.barrier.wait(timeout=20)
        return total


def run_both(function):
    """What a function of `Workers` gives, or raises, on each of two workers."""
    barrier, values, results = threading.Barrier(2), {}, {}

    def call(number):
        try:
            results[number] = function(Together(number, barrier, values))
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=call, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results[0], results[1]


def test_alone_everything_is_done_here():
    alone = Workers()
    assert alone.is_chief and alone.from_chief(lambda: {"a": (1, 2)}) == {"a": (1, 2)}
    alone.wait()
    signals = StopOnSignal()
    alone.settle(signals)
    assert signals.received == ""


def test_the_first_worker_does_it_and_all_hear_of_it():
    called = []

    def measure(workers):
        def function():
            called.append(workers.cluster.number)
            return {"distance": 1.5, "name": "Größe", "none": None}

        workers.wait()
        return workers.from_chief(function)

    first, second = run_both(measure)
    assert called == [0] and first == second == {"distance": 1.5, "name": "Größe", "none": None}


@pytest.mark.parametrize(("error", "kind", "text"), [
    (checks.UserError("give --out"), checks.UserError, "give --out"),
    (checks.UserFileError("no folder"), checks.UserFileError, "no folder"),
    (checks.Interrupted("SIGTERM: saved"), checks.Interrupted, "SIGTERM: saved"),
    (KeyError("x"), WorkerLost, "the first worker failed: KeyError: 'x'"),
])  # fmt: skip
def test_what_the_first_worker_raises_ends_all(error, kind, text):
    def fail(workers):
        def function():
            raise error

        return workers.from_chief(function)

    first, second = run_both(fail)
    assert first is error and isinstance(second, kind) and str(second) == text


def test_a_signal_of_one_worker_is_heard_by_all_at_the_end():
    def settle(workers):
        signals = StopOnSignal()
        signals.shared = True
        signals._noted = "" if workers.is_chief else "SIGTERM"
        workers.settle(signals)
        return signals.received

    assert run_both(settle) == ("SIGTERM", "SIGTERM")


def test_numbers_are_added_over_the_workers_of_a_strategy(two_cpus):
    """Two local replicas of one process: each worker counts once, however many devices it has."""
    workers = Workers(WorkerCluster(("a:1",), 0), two_cpus)
    assert workers._sum(np.int32([3, 4])).tolist() == [3, 4]
    assert json.loads(workers._send(b'{"a": "\xc3\xa4"}')) == {"a": "ä"}
    lost = tf.errors.UnavailableError(None, None, "stopped sending heartbeats")

    class Broken:
        num_replicas_in_sync = 1
        reduce = None

        def run(self, *args, **kwargs):
            raise lost

    with pytest.raises(WorkerLost, match="stopped sending heartbeats"):
        Workers(WorkerCluster(("a:1",), 0), Broken())._sum(np.int32(1))


def test_a_folder_that_is_not_shared_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SHARED_SECONDS", 2)
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    file = tmp_path / "run" / "config.json"
    with pytest.raises(checks.UserError, match="`out` must be a folder that this worker sees as well as the first"):
        Workers(WorkerCluster(("a:1", "b:1"), 1)).check_shared(file)
    file.parent.mkdir()
    file.touch()
    Workers(WorkerCluster(("a:1", "b:1"), 1)).check_shared(file)
