import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killed_runs.py")
PATIENCE = 1800  # seconds; a busy machine loads TensorFlow for a minute


def result_of(folder, what, **environment):
    """The JSON of the program."""
    arguments = [sys.executable, PROGRAM, folder, str(what), "0"]
    done = subprocess.run(
        arguments, env={**os.environ, **environment}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("kills", "environment"), [
    (3, {"KTG_TEST_EAGERLY": "1"}), pytest.param(20, {}, marks=pytest.mark.slow),
])  # fmt: skip
def test_runs_that_are_killed_at_random_moments_end_bit_identical(tmp_path, kills, environment):
    result = result_of(tmp_path, kills, **environment)
    assert [end for _, end, _ in result["kills"]] == ["killed"] * kills
    assert set(result["finished"]) == {"done"} and result["parts"] > 100
    assert max(step for _, _, step in result["kills"]) >= 1  # not all before the first step was saved
    assert result["bit_identical"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 12 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=12m", "ktg-test", str(folder)]
    if mount is None or subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        pytest.skip("a file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_disk_that_is_full_at_random_moments_loses_nothing_but_what_is_said(tmp_path, small_disk):
    result = result_of(small_disk, "full", KTG_TEST_EAGERLY="1", KTG_TEST_LINES=str(tmp_path / "lines.txt"))
    assert result["finished"] == ["done", "done"] and len(result["full_at_steps"]) == 5
    unsaved = [line for line in result["lines"] if "is not saved" in line]
    assert unsaved and all("MB are missing" in line and "goes on" in line for line in unsaved)
    said = {"best"} if any("the best so far, are not kept" in line for line in result["lines"]) else set()
    assert set(result["different"]) <= said
