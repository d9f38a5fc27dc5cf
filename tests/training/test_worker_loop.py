import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, worker_cluster
from keras_transfer_gen.data.batches import load_images
from keras_transfer_gen.training import worker_loop
from tests import replica_trainings

ROOT = Path(__file__).parents[2]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def worker_environments(count=2):
    """Environment variables of workers on this machine, a dict each."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(count)]}
    tasks = [{"cluster": cluster, "task": {"type": "worker", "index": number}} for number in range(count)]
    shared = {**os.environ, "PYTHONPATH": str(ROOT), "TF_NUM_INTRAOP_THREADS": "1"}
    return [{**shared, "TF_CONFIG": json.dumps(task)} for task in tasks]


def run_workers(out, *names, timeout=900):
    """Trains models of `replica_trainings` by two processes; their results by name, in order of the workers."""
    command = [sys.executable, str(ROOT / "tests" / "replica_trainings.py"), str(out), *names]
    workers = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for env in worker_environments()
    ]
    outputs = [worker.communicate(timeout=timeout)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    return {name: [replica_trainings.read_result(out / f"{name}.{n}.npz") for n in (0, 1)] for name in names}


NAMES = ("gan_with_r1", "vae")


@pytest.mark.parametrize("names", [NAMES, pytest.param(tuple(replica_trainings.MODELS), marks=pytest.mark.slow)])
def test_two_workers_give_the_weights_and_logs_of_one(tmp_path, names):
    """20 steps of two processes with 16 images each and of one with 32."""
    results = run_workers(tmp_path, *names)
    for name in names:
        first, second = results[name]
        assert replica_trainings.largest_difference(first, second) == (0.0, 0.0)
        one = replica_trainings.train(name, tf.distribute.get_strategy())
        weights, logs = replica_trainings.largest_difference(one, first)
        assert weights < 1e-5 and logs < 1e-5


@pytest.fixture(scope="module")
def gan():
    keras.utils.set_random_seed(0)
    return replica_trainings.gan_with_r1()


def test_one_process_keeps_the_fit_of_keras(gan):
    assert worker_loop.fit_function(gan, len) is len


def test_the_loop_gives_what_the_fit_of_keras_gives():
    """With the default strategy, where both run: same weights, logs, callbacks."""
    calls = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            calls.append((batch, sorted(logs)))

    def train(fit):
        keras.utils.set_random_seed(0)
        gan = replica_trainings.gan_with_r1()
        stream = load_images(replica_trainings.images(), 8, batch_size=8)
        if fit == "keras":
            history = gan.fit(stream, epochs=2, steps_per_epoch=3, verbose=0, callbacks=[Watch()])
        else:
            data = worker_loop.distribute_data(stream, 0, gan.distribute_strategy)
            arguments = {"epochs": 2, "steps_per_epoch": 3, "verbose": 0, "callbacks": [Watch()]}
            history = worker_loop.fit_workers(gan, data, **arguments)
        return gan.get_weights(), history.history

    (first, logs), (second, ours) = train("keras"), train("ours")
    assert calls[:6] == calls[6:] and len(calls) == 12
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert {name: pytest.approx(values, abs=1e-5) for name, values in logs.items()} == ours


def test_callbacks_hear_what_all_workers_wish(gan):
    from keras_transfer_gen.training.callbacks import Clock, StopAt, StopOnSignal

    clock, signals = Clock(), StopOnSignal()
    stop = StopAt(None, 0.0, clock)  # late from the beginning
    signals._noted = "SIGTERM"
    data = tf.data.Dataset.from_tensor_slices(replica_trainings.images()).batch(8)
    history = worker_loop.fit_workers(
        gan, worker_loop.distribute_data(data, 0, gan.distribute_strategy), callbacks=[clock, stop, signals], verbose=0
    )
    assert stop.shared and signals.shared and signals.received == "SIGTERM" and len(history.epoch) == 1
    signals.restore()


def test_data_that_end_end_an_epoch(gan):
    before = int(gan.step.numpy())
    history = worker_loop.fit_workers(gan, replica_trainings.images()[:40], epochs=2, batch_size=20, verbose=0)
    assert int(gan.step.numpy()) == before + 4 and history.epoch == [0, 1]


def test_what_has_no_use_with_workers_is_refused(gan):
    with pytest.raises(checks.UserError, match="`validation_data` must be left out where several workers train"):
        worker_loop.fit_workers(gan, replica_trainings.images(), validation_data=replica_trainings.images())
    with pytest.raises(checks.UserError, match="`x` must be what load_images returns"):
        worker_loop.fit_workers(gan, 3)


def test_lost_worker_is_told_on_one_line():
    with pytest.raises(worker_cluster.WorkerLost, match="The peer stopped.*Start all workers again"):
        with worker_loop.lost_workers_on_one_line():
            raise tf.errors.UnavailableError(None, None, "The peer\nstopped")


def test_each_replica_has_its_rows_of_each_batch():
    """The parts of batch n are dealt out of batch n as it is without replicas."""
    stream = load_images(replica_trainings.images(), 8, batch_size=6, labels=list(range(80)))
    whole = [labels.tolist() for _, labels in stream.from_step(5).take(2).as_numpy_iterator()]
    parts = [labels.tolist() for _, labels in stream.parts_from_step(5, 3, (1, 2)).take(4).as_numpy_iterator()]
    assert parts == [whole[0][1::3], whole[0][2::3], whole[1][1::3], whole[1][2::3]]


def test_parts_of_equal_size_say_their_size():
    """Micro-batches ask for it."""
    stream = load_images(replica_trainings.images(), 8, batch_size=6)
    assert stream.parts_from_step(0, 2, (1,)).element_spec.shape == (3, 8, 8, 3)
    assert stream.parts_from_step(0, 4, (1,)).element_spec.shape == (None, 8, 8, 3)
