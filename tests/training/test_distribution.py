import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.training import distribution


def test_auto_without_gpus_is_the_default_strategy():
    assert distribution.choose_strategy("auto") is tf.distribute.get_strategy()


def test_several_gpus_are_mirrored(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["a", "b"] if kind == "GPU" else [])
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda names, **rest: names)
    assert distribution.choose_strategy("auto") == ["gpu:0", "gpu:1"]


def test_a_list_of_cpus_is_mirrored():
    strategy = distribution.choose_strategy("cpu:0, CPU:1")
    assert isinstance(strategy, tf.distribute.MirroredStrategy) and strategy.num_replicas_in_sync == 2
    assert distribution.choose_strategy("cpu:0").num_replicas_in_sync == 1


@pytest.mark.parametrize(("devices", "text"), [
    ("two", '`devices` must be "auto" or a comma-separated list'), ("cpu:0,cpu:0", "a list without repetitions"),
    ("gpu:7", "devices that exist: cpu:0, cpu:1"), ("cpu:0,cpu:5", "chosen before TensorFlow runs anything"),
])  # fmt: skip
def test_choose_strategy_refuses(devices, text):
    with pytest.raises(checks.UserError, match=text):
        distribution.choose_strategy(devices)


def test_global_batch_must_be_shared_evenly(two_cpus):
    assert distribution.check_global_batch(32, two_cpus) == 32
    with pytest.raises(checks.UserError, match="`batch_size` must be a multiple of the 2 devices.*--batch-size 32"):
        distribution.check_global_batch(33, two_cpus)


def test_outside_a_scope_there_is_none_and_errors_come_back(two_cpus):
    def replicas():
        return tf.distribute.get_strategy().num_replicas_in_sync

    with two_cpus.scope():
        assert replicas() == 2 and distribution.outside_scope(replicas) == 1
        with pytest.raises(KeyError, match="missing"):
            distribution.outside_scope({}.__getitem__, "missing")
    assert distribution.outside_scope(max, 3, 4) == 4


def test_workers_are_those_of_the_environment(monkeypatch):
    cluster = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", cluster)
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", lambda: "all of them")
    assert distribution.choose_strategy() == "all of them"
    with pytest.raises(checks.UserError, match='`devices` must be "auto" where TF_CONFIG names several workers'):
        distribution.choose_strategy("cpu:0")
    monkeypatch.setenv("TF_CONFIG", "{")
    with pytest.raises(checks.UserError, match="`TF_CONFIG` must be JSON"):
        distribution.choose_strategy()


@pytest.mark.parametrize(("error", "text"), [
    (RuntimeError("Collective ops must be configured at program startup"), "chosen before TensorFlow runs anything"),
    (tf.errors.UnavailableError(None, None, "no server"), "addresses at which all workers are"),
])  # fmt: skip
def test_workers_that_can_not_start_are_told_on_one_line(error, text, monkeypatch):
    def fail():
        raise error

    cluster = '{"cluster": {"worker": ["a:3", "b:3"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", cluster)
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", fail)
    with pytest.raises(checks.UserError, match=text):
        distribution.choose_strategy()


def test_strategies_of_one_process_have_no_workers(two_cpus):
    assert not distribution.has_workers(tf.distribute.get_strategy()) and not distribution.has_workers(two_cpus)
