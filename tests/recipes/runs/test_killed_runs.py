import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killed_runs.py")
PATIENCE = 1800  # seconds; a busy machine loads TensorFlow for a minute


def kill_runs(folder, kills, **environment):
    arguments = [sys.executable, PROGRAM, folder, str(kills), "0"]
    done = subprocess.run(
        arguments, env={**os.environ, **environment}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("kills", "environment"), [
    (3, {"KTG_TEST_EAGERLY": "1"}), pytest.param(20, {}, marks=pytest.mark.slow),
])  # fmt: skip
def test_runs_that_are_killed_at_random_moments_end_bit_identical(tmp_path, kills, environment):
    result = kill_runs(tmp_path, kills, **environment)
    assert [end for _, end, _ in result["kills"]] == ["killed"] * kills
    assert set(result["finished"]) == {"done"} and result["parts"] > 100
    assert max(step for _, _, step in result["kills"]) >= 1  # not all before the first step was saved
    assert result["bit_identical"]
