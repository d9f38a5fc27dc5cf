"""The type hints are true, as far as mypy can tell."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def mypy(*arguments, folder):
    """What mypy says with the settings of pyproject.toml, and its exit status."""
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(folder), "--no-error-summary", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout, done.returncode


def test_the_package_has_no_type_errors(tmp_path):
    assert mypy(folder=tmp_path) == ("", 0)
