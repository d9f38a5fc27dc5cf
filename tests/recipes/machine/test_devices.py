import shutil
import sys
from collections import namedtuple

import pytest
import tensorflow as tf

from keras_transfer_gen.recipes.machine import devices

Device = namedtuple("Device", "name device_type")


def test_cpu_and_versions_are_told():
    findings = {finding.name: finding for finding in devices.check_tensorflow()}
    assert findings["tensorflow"].facts["tensorflow"] == tf.__version__ and findings["cpu"].facts["cores"] >= 1
    assert len(findings) >= 3


def test_each_accelerator_computes_something(monkeypatch):
    logical = [Device("/device:CPU:0", "CPU"), Device("/device:CPU:1", "GPU")]  # a CPU stands for a GPU
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda: logical)
    monkeypatch.setattr(devices, "_details", lambda name: {"device_name": "a card"})
    *_, card = devices.check_tensorflow()
    assert (card.name, card.status, card.text) == ("cpu:1", "ok", "a card")
    monkeypatch.setattr(tf, "matmul", lambda a, b: a)
    assert devices.check_tensorflow()[-1].status == "fault"
    monkeypatch.setattr(devices, "_details", lambda name: 1 / 0)
    assert "ZeroDivisionError" in devices.check_tensorflow()[-1].text


@pytest.mark.parametrize(("tool", "status"), [("/usr/bin/nvidia-smi", "warning"), (None, "note")])
def test_driver_without_a_gpu_in_tensorflow_has_its_fix(monkeypatch, tmp_path, tool, status):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda: [Device("/device:CPU:0", "CPU")])
    monkeypatch.setattr(devices, "DRIVER", tmp_path / "none")
    monkeypatch.setattr(shutil, "which", lambda name: tool)
    gpu = devices.check_tensorflow()[-1]
    assert (gpu.name, gpu.status) == ("gpu", status) and (status == "note" or "tensorflow[and-cuda]" in gpu.fix)


def test_tensorflow_that_can_not_be_imported_is_a_fault(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    (fault,) = devices.check_tensorflow()
    assert fault.status == "fault" and "pip install" in fault.fix


def test_faster_precision_is_measured(monkeypatch):
    for name, value in (("PROBE_SIDE", 8), ("PROBE_CHANNELS", 2), ("PROBE_BATCH", 1)):
        monkeypatch.setattr(devices, name, value)
    (finding,) = devices.check_precision()
    seconds = finding.facts["seconds"]
    assert set(seconds) == {"float32", "bfloat16"} and finding.facts["faster"] == min(seconds, key=seconds.get)
