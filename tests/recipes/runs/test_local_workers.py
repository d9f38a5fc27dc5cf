import json
import os
import signal
import threading
import time

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs import local_workers

TELL = """
import json, os, sys
task = json.loads(os.environ["TF_CONFIG"])
print("to", task["cluster"]["worker"][task["task"]["index"]], sys.argv[1:])
print("error line", file=sys.stderr)
"""
# Worker 0 fails at once; worker 1 tells that it was asked to end, or stays whatever happens.
FAIL = """
import json, os, signal, sys, time
if json.loads(os.environ["TF_CONFIG"])["task"]["index"] == 0:
    sys.exit(7)
def end(number, frame):
    print("asked to end")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if sys.argv[1] == "stays" else end)
time.sleep(60)
"""
WAIT = """
import signal, sys, time
def end(number, frame):
    print("got", signal.Signals(number).name)
    sys.exit(130)
signal.signal(signal.SIGINT, end)
print("ready")
time.sleep(60)
"""


def launch(monkeypatch, script, *arguments, count=2, write=None):
    monkeypatch.setattr(local_workers, "START", script)
    lines = []

    def keep(line):
        lines.append(line)
        if write is not None:
            write(line)

    code = local_workers.launch_workers(list(arguments), count, keep)
    return code, lines


def test_each_worker_has_its_address_and_prefix(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    code, lines = launch(monkeypatch, TELL, "finetune", "--kimg", "1", count=3)
    assert code == 0 and len([line for line in lines if "error line" in line]) == 3
    addresses = set()
    for number in range(3):
        (line,) = [line for line in lines if line.startswith(f"[worker {number}] to ")]
        assert line.endswith("['finetune', '--kimg', '1']")
        addresses.add(line.split()[3])
    assert len(addresses) == 3 and all(address.startswith("127.0.0.1:") for address in addresses)


@pytest.mark.parametrize(("how", "last"), [("leaves", "[worker 1] asked to end"), ("stays", None)])
def test_first_failure_ends_the_others_after_the_time_out(how, last, monkeypatch):
    monkeypatch.setattr(local_workers, "LEAVE_SECONDS", 1.0)
    monkeypatch.setattr(local_workers, "KILL_SECONDS", 1.0)
    start = time.monotonic()
    code, lines = launch(monkeypatch, FAIL, how)
    assert code == 7 and time.monotonic() - start < 20
    assert "the others are ended" in lines[0] and lines[1:] == ([last] if last else [])


def test_a_killed_worker_has_the_exit_code_of_a_shell(monkeypatch):
    code, _ = launch(monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "x")
    assert code == 137


def test_ctrl_c_reaches_every_worker(monkeypatch):
    ready = []

    def write(line):
        ready.append(line)
        if sum("ready" in line for line in ready) == 2 and "ready" in line:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    before = signal.getsignal(signal.SIGINT)
    code, lines = launch(monkeypatch, WAIT, "x", write=write)
    assert code == 130 and {"[worker 0] got SIGINT", "[worker 1] got SIGINT"} <= set(lines)
    assert signal.getsignal(signal.SIGINT) is before


def test_gpus_and_cores_are_shared_out(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7,8")
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    first, second = local_workers.worker_environments(2)
    assert (first["CUDA_VISIBLE_DEVICES"], second["CUDA_VISIBLE_DEVICES"]) == ("4,5", "6,7")
    assert first["TF_NUM_INTRAOP_THREADS"] == "3" and json.loads(second["TF_CONFIG"])["task"]["index"] == 1
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert local_workers.worker_environments(2)[0]["CUDA_VISIBLE_DEVICES"] == ""
    code, lines = launch(monkeypatch, "pass", "x")
    assert code == 0 and lines == ["this machine has fewer GPUs than the 2 workers: they train on its CPUs"]


@pytest.mark.parametrize(("arguments", "count", "text"), [
    ([], 2, "`command` must be a training command of ktg"), (["finetune"], 0, "`workers` must be"),
])  # fmt: skip
def test_launch_refuses(arguments, count, text):
    with pytest.raises(checks.UserError, match=text):
        local_workers.launch_workers(arguments, count, print)
