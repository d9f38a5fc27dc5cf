"""Whole runs of two workers on this machine, by the command line with quick scores (`tests/worker_runs.py`)."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from keras_transfer_gen.cli.exits import WORKER_LOST
from keras_transfer_gen.recipes.runs import local_workers

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "tests" / "worker_runs.py"
PATIENCE = 1200  # seconds; on a busy machine two workers need minutes to their first step
NOTICE_SECONDS = 60  # docs/machines.md: within a minute a worker notices that another one is lost

pytestmark = pytest.mark.slow  # each run takes two processes half a minute


def arguments(out, source_file, image_folder):
    return [
        "finetune", "--source", str(source_file), "--data", str(image_folder), "--out", str(out), "--kimg", "0.08",
        "--batch-size", "8", "--precision", "float32", "--deterministic",
    ]  # fmt: skip


def environments(**variables):
    shared = {"PYTHONPATH": str(ROOT), "KTG_CHECKPOINT_SECONDS": "0", **variables}
    return [{**environment, **shared} for environment in local_workers.worker_environments(2)]


def start(command, environment):
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *command], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def run_pair(command, killed=None, step=None):
    """((exit status, output) of both workers, seconds from the end of the first to the end of the second)."""
    workers = [
        start(command, {**environment, **({"KILL_AT": str(step)} if number == killed else {})})
        for number, environment in enumerate(environments())
    ]
    ends = {}
    while len(ends) < 2:
        ends |= {n: time.monotonic() for n, worker in enumerate(workers) if n not in ends and worker.poll() is not None}
        time.sleep(0.2)
    outputs = [worker.communicate(timeout=60)[0] for worker in workers]
    codes = [worker.returncode for worker in workers]
    return list(zip(codes, outputs, strict=True)), abs(ends[0] - ends[1])


def weights_of(out):
    from keras_transfer_gen.recipes.models.keras_file import load_keras
    from keras_transfer_gen.training.checkpoint import latest_checkpoint

    gan = load_keras(latest_checkpoint(out / "checkpoints" / "adapted") / "gan.keras")
    return [np.array(value) for value in gan.get_weights()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, source_file, shared_image_folder):
    """RUN of `ktg launch`, of both workers."""
    out = tmp_path_factory.mktemp("workers") / "undisturbed"
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_workers, "START", f"import runpy; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')")
        patch.setenv("PYTHONPATH", str(ROOT))
        code = local_workers.launch_workers(arguments(out, source_file, shared_image_folder), 2, lines.append)
    assert code == 0, lines
    return out, lines


def test_launched_run_is_as_of_one_worker(undisturbed, finished):
    out, lines = undisturbed
    told = [line for line in lines if "images, curves, model card and exports are in" in line]
    assert len(told) == 1 and told[0].startswith("[worker 0]")  # the first worker alone speaks
    config = json.loads((out / "config.json").read_text("utf-8"))
    assert config["finished"] and config["resolved"]["replicas"] == 2
    one = {path.name for path in Path(finished.out).iterdir()}
    assert {path.name for path in out.iterdir()} == one and not (out / ".ktg-lock.json").exists()
    history = (out / "history.csv").read_text("utf-8").splitlines()
    assert len(history) == len(set(history)) > 5


@pytest.mark.parametrize("killed", [0, 1])
def test_after_a_worker_was_killed_the_same_command_ends_with_the_same_weights(
    killed, undisturbed, tmp_path, source_file, shared_image_folder
):
    out = tmp_path / "run"
    command = arguments(out, source_file, shared_image_folder)
    ends, seconds = run_pair(command, killed=killed, step=6)
    code, output = ends[1 - killed]
    assert ends[killed][0] == -signal.SIGKILL and code == WORKER_LOST and seconds < NOTICE_SECONDS
    (line,) = [line for line in output.splitlines() if line.startswith("error: ")]
    assert "another worker of this training ended or can't be reached" in line and "Start all workers again" in line
    ends, _ = run_pair(command)
    assert [code for code, _ in ends] == [0, 0], ends
    for a, b in zip(weights_of(undisturbed[0]), weights_of(out), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_signal_to_one_worker_stops_both_after_the_same_step(tmp_path, source_file, shared_image_folder):
    out = tmp_path / "run"
    command = arguments(out, source_file, shared_image_folder)
    command[command.index("--kimg") + 1] = "8"
    workers = [start(command, environment) for environment in environments()]
    deadline = time.monotonic() + PATIENCE
    while not list(out.glob("checkpoints/adapted/step-*/state.json")) and time.monotonic() < deadline:
        assert all(worker.poll() is None for worker in workers)
        time.sleep(0.2)
    os.kill(workers[1].pid, signal.SIGINT)
    outputs = [worker.communicate(timeout=PATIENCE)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [130, 130], outputs
    assert all("SIGINT: saved at" in output for output in outputs)
