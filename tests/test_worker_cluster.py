import json

import pytest

from keras_transfer_gen import checks, worker_cluster

CLUSTER = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}


def test_cluster_of_workers():
    cluster = worker_cluster.read_cluster(json.dumps(CLUSTER))
    assert cluster.addresses == ("a:1", "b:2") and cluster.size == 2 and not cluster.is_chief
    with_chief = {"cluster": {"worker": ["b:2"], "chief": ["a:1"]}, "task": {"type": "worker", "index": 0}}
    cluster = worker_cluster.read_cluster(json.dumps(with_chief))
    assert cluster.addresses == ("a:1", "b:2") and cluster.number == 1


def test_without_the_variable_a_process_is_alone(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert worker_cluster.read_cluster() == worker_cluster.ALONE and worker_cluster.ALONE.is_chief
    monkeypatch.setenv("TF_CONFIG", json.dumps({}))
    assert worker_cluster.read_cluster() is worker_cluster.ALONE
    monkeypatch.setenv("TF_CONFIG", json.dumps(CLUSTER))
    assert worker_cluster.read_cluster().number == 1


@pytest.mark.parametrize(("text", "expected"), [
    ("{", "`TF_CONFIG` must be JSON"), ("[1]", 'must be an object with "cluster" and "task"'),
    (json.dumps({"cluster": {"ps": ["a:1"]}}), 'a "cluster" of "worker" and at most one "chief"'),
    (json.dumps({"cluster": {"worker": "a:1"}}), 'a list of "host:port" as "worker"'),
    (json.dumps({"cluster": {"worker": ["a"]}}), 'a list of "host:port" as "worker"'),
    (json.dumps({"cluster": {"chief": ["a:1", "b:1"]}}), "one chief at most"),
    (json.dumps({"cluster": {"worker": ["a:1", "a:1"]}}), "another address for each worker"),
    (json.dumps({"cluster": {"worker": ["a:1", "b:1"]}}), 'one of these as "task"'),
    (json.dumps({**CLUSTER, "task": {"type": "worker", "index": 2}}), "worker 0, worker 1. Received"),
    (json.dumps({**CLUSTER, "task": {"type": "worker", "index": "1"}}), 'one of these as "task"'),
    (json.dumps({**CLUSTER, "task": {"type": "worker", "index": True}}), 'one of these as "task"'),
])  # fmt: skip
def test_malformed_variable_is_refused_on_one_line(text, expected):
    with pytest.raises(checks.UserError, match=expected) as caught:
        worker_cluster.read_cluster(text)
    assert "\n" not in str(caught.value) and "TF_CONFIG" in str(caught.value)


def test_loss_is_described_on_one_line():
    line = worker_cluster.describe_loss("{{node x}}\n The peer /job:worker stopped" + " sending heartbeats" * 20)
    assert "\n" not in line and "Start all workers again" in line and len(line) < 400
