import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.version import __version__

# The command line with scores that cost next to nothing.
QUICK = """
from keras_transfer_gen.cli import exits, main
exits.quiet_native_libraries()
exits.quiet_native_libraries = lambda: None
from keras_transfer_gen.metrics import features
from keras_transfer_gen.recipes import scores
features.load_feature_network = lambda full=features.load_feature_network: full(side=32)
scores.NUM_FAKES = scores.CURVE_FAKES = 12
main.main()
"""
COMMANDS = ("finetune", "pretrain", "generate", "evaluate", "export", "models", "info", "data")


def test_help_lists_every_command(ktg):
    result = ktg("--help")
    assert result.exit_code == 0 and all(command in result.stdout for command in COMMANDS)


@pytest.mark.parametrize(
    "command", [("finetune",), ("pretrain",), ("generate",), ("evaluate",), ("export",), ("info",), ("data", "check")]
)
def test_every_command_has_help_json_and_debug(ktg, command):
    result = ktg(*command, "--help")
    assert result.exit_code == 0 and "--json" in result.stdout and "--debug" in result.stdout


def test_version_is_printed(ktg):
    result = ktg("--version")
    assert (result.exit_code, result.stdout) == (0, f"{__version__}\n")


@pytest.mark.parametrize(
    "arguments", [("finetune",), ("nonsense",), ("generate", "a", "--num", "many"), ("export", "a", "--wrong")]
)
def test_misuse_is_2(ktg, arguments):
    assert ktg(*arguments).exit_code == 2


def wait_for(run, process):
    until = time.monotonic() + 120
    while not run.adapted.is_dir() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)


def test_run_whose_terminal_is_closed_is_saved(source_file, shared_image_folder, tmp_path):
    options = ["--data", shared_image_folder, "--source", source_file, "--out", tmp_path / "run", "--batch-size", 8]
    code = f"import os\nos.login_tty(0)\n{QUICK}"
    command = [sys.executable, "-c", code, "finetune", *map(str, options), "--precision", "float32", "--kimg", "1e5"]
    terminal, inside = os.openpty()
    env, run = {**os.environ, "KTG_CHECKPOINT_SECONDS": "0"}, RunFolder(tmp_path / "run")
    process = subprocess.Popen(command, env=env, stdin=inside, stdout=inside, stderr=inside)
    os.close(inside)
    with contextlib.suppress(OSError), open(terminal, "rb", buffering=0) as screen:
        while not run.adapted.is_dir() and process.poll() is None:
            screen.read(65536)  # whose end hangs the terminal up
    assert process.wait(timeout=60) == 130
    assert run.open("finetune", FineTuneSettings(**run.config()["settings"], out=tmp_path / "run")) == "continue"
    assert not list(run.path.glob(".ktg-lock*")) and len(list(run.adapted.iterdir())) == 1


def test_process_is_interrupted_and_continued(source_file, shared_image_folder, tmp_path):
    """As a user does it: Ctrl-C in the middle, then the same command again; all that is printed is for people."""
    options = ["--data", shared_image_folder, "--source", source_file, "--out", tmp_path / "run", "--batch-size", 8]
    command = [sys.executable, "-c", QUICK, "finetune", *map(str, options), "--precision", "float32", "--kimg"]
    env = {**os.environ, "KTG_CHECKPOINT_SECONDS": "0"}
    process = subprocess.Popen([*command, "100000"], stdout=-1, stderr=-1, text=True, env=env)
    run = RunFolder(tmp_path / "run")
    wait_for(run, process)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "", error
    lines = error.splitlines()
    assert lines[0] == f"12 images in {shared_image_folder}" and lines[2].startswith("your images are ")
    assert lines[-1].startswith("SIGINT: saved at 0.") and lines[-1].endswith(
        "Give the same command again to continue."
    )
    ran = subprocess.run([*command, "0.008"], capture_output=True, text=True, env=env)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[1].startswith("source, before adapting\t")
    assert run.config()["finished"] and not [line for line in ran.stderr.splitlines() if "tensorflow" in line.lower()]
