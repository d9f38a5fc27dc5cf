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
from keras_transfer_gen.recipes.scoring import kid_protocol
full = features.load_feature_network
features.load_feature_network = lambda *name, side=None: full(*name, side=32)
kid_protocol.DEFAULT = kid_protocol.KidProtocol(num_fakes=12, curve_fakes=12)
main.main()
"""
PATIENCE = 300  # seconds; a slow machine loads TensorFlow for a minute
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


@pytest.fixture
def command(source_file, shared_image_folder, tmp_path):
    """Function: kimg and first lines of code -> a quick fine-tune into `tmp_path / "run"` as a process of its own."""

    def build(kimg, code=""):
        options = {
            "--data": shared_image_folder, "--source": source_file, "--out": tmp_path / "run", "--batch-size": 8,
            "--precision": "float32", "--penalty": "none", "--feature-weight": 0, "--latent-selection-kimg": 0,
            "--kimg": kimg,
        }  # fmt: skip
        return [
            sys.executable,
            "-c",
            code + QUICK,
            "finetune",
            *(str(part) for pair in options.items() for part in pair),
        ]

    return build


@pytest.fixture
def started():
    """Function: as `subprocess.Popen`, with a checkpoint at every step; what still runs at the end is killed."""
    processes = []

    def start(arguments, **streams):
        env = {**os.environ, "KTG_CHECKPOINT_SECONDS": "0"}
        processes.append(subprocess.Popen(arguments, env=env, **streams))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def wait_for_checkpoint(run, process):
    until = time.monotonic() + PATIENCE
    while not run.adapted.is_dir() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)


@pytest.mark.usefixtures("hangup_ends")
def test_run_whose_terminal_is_closed_is_saved(command, started, tmp_path):
    run = RunFolder(tmp_path / "run")
    terminal, inside = os.openpty()
    process = started(command("1e5", "import os\nos.login_tty(0)\n"), stdin=inside, stdout=inside, stderr=inside)
    os.close(inside)
    with contextlib.suppress(OSError), open(terminal, "rb", buffering=0) as screen:
        while not run.adapted.is_dir() and process.poll() is None:
            screen.read(65536)  # whose end hangs the terminal up
    assert process.wait(timeout=PATIENCE) == 130
    assert run.open("finetune", FineTuneSettings(**run.config()["settings"], out=tmp_path / "run")) == "continue"
    assert not list(run.path.glob(".ktg-lock*")) and 1 <= len(list(run.adapted.iterdir())) <= 2


def test_process_is_interrupted_and_continued(command, started, shared_image_folder, tmp_path):
    """As a user does it: Ctrl-C in the middle, then the same command again; all that is printed is for people."""
    run = RunFolder(tmp_path / "run")
    process = started(command("1e5"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_checkpoint(run, process)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130 and out == "", error
    lines = error.splitlines()
    assert lines[0] == f"12 images in {shared_image_folder}" and "Give the same command again to continue." in lines[-1]
    assert lines[-1].startswith("SIGINT: saved at 0.")
    process = started(command("0.008"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, error = process.communicate(timeout=2 * PATIENCE)
    assert process.returncode == 0, error
    assert out.splitlines()[1].startswith("source, before adapting\t")
    assert run.config()["finished"] and not [line for line in error.splitlines() if "tensorflow" in line.lower()]
