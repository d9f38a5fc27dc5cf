import errno
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from keras_transfer_gen import checks
from keras_transfer_gen.cli import exits
from keras_transfer_gen.worker_cluster import WorkerLost


def end_of(error, *arguments):
    """Result of a guarded command that ends with `error`."""
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    @exits.guarded
    def finetune(debug: bool = False, json: bool = False):
        if error is not None:
            raise error
        print("done")

    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(("error", "code", "text"), [
    (checks.UserError("bad\n  option"), 2, "bad option"), (checks.Interrupted("saved at 3 kimg."), 130, "saved at 3"),
    (checks.Interrupted("saved at 4 kimg.", preempted=True), 0, "saved at 4"),
    (KeyboardInterrupt(), 130, "interrupted: what was saved"), (ZeroDivisionError("x"), 1, "ZeroDivisionError: x"),
])  # fmt: skip
def test_programs_that_expect_json_get_the_error_as_json(error, code, text):
    result = end_of(error, "--json")
    ((key, value),) = json.loads(result.stdout).items()
    assert (result.exit_code, key) == (code, "error") and value.startswith(text) and "\n" not in value
    assert " ".join(result.stderr.split()).removeprefix("error: ").startswith(text)
    assert end_of(error).stdout == ""


@pytest.mark.parametrize("arguments", [["finetune", "--kimgs", "3", "--json"], ["fine-tune", "--json"]])
def test_programs_that_expect_json_get_wrong_options_as_json(arguments):
    result = CliRunner().invoke(group(), arguments, prog_name="root")
    assert result.exit_code == 2 and result.stderr == f"error: {json.loads(result.stdout)['error']}\n"


def test_command_that_ends_well_is_left_alone():
    result = end_of(None)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "done\n", "")


@pytest.mark.parametrize(("error", "code", "text"), [
    (checks.UserError("bad\n  option"), 2, "error: bad option\n"),
    (checks.UserFileError("no file"), 2, "error: no file\n"),
    (checks.UserImportError("no package"), 2, "error: no package\n"),
    (OSError(errno.ENOSPC, "No space left on device", "/r"), 2, "error: [Errno 28] No space left on device: '/r'\n"),
    (PermissionError(errno.EACCES, "Permission denied", "/runs"), 2, "error: [Errno 13] Permission denied: '/runs'\n"),
    (checks.Interrupted("saved at 3 kimg."), 130, "saved at 3 kimg.\n"),
    (typer.Exit(7), 7, ""),
])  # fmt: skip
def test_each_kind_of_end_has_its_code_and_one_line(error, code, text):
    result = end_of(error)
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", text)


@pytest.mark.parametrize(("arguments", "text"), [
    (["finetune", "--kimgs", "3"], "error: No such option: --kimgs"),
    (["finetune"], "error: Missing option '--kimg'. See `root finetune --help`.\n"),
    (["finetune", "--kimg", "abc"], "error: Invalid value for '--kimg': "),
    (["fine-tune"], "error: No such command 'fine-tune'."),
])  # fmt: skip
def test_wrong_options_end_with_one_line_too(arguments, text):
    result = CliRunner().invoke(group(), arguments, prog_name="root")
    assert (result.exit_code, result.stdout) == (2, "") and result.stderr.startswith(text)
    assert result.stderr.count("\n") == 1 and "--help`.\n" in result.stderr


def test_group_ends_as_typers_own_where_nothing_is_wrong():
    for arguments, code, text in ((["finetune", "--kimg", "3"], 0, "3.0\n"), (["leave"], 7, ""), ([], 2, "")):
        result = CliRunner().invoke(group(), arguments)
        assert result.exit_code == code and (not arguments or result.stdout == text)
    assert "finetune" in CliRunner().invoke(group(), []).output
    with pytest.raises(ZeroDivisionError):
        CliRunner().invoke(group(), ["break"], catch_exceptions=False)


def group():
    app = typer.Typer(cls=exits.OneLineGroup, no_args_is_help=True, pretty_exceptions_enable=False)

    @app.command()
    def finetune(kimg: Annotated[float, typer.Option("--kimg")]):
        print(kimg)

    @app.command()
    def leave():
        raise typer.Exit(7)

    @app.command("break")
    def fail():
        raise ZeroDivisionError

    return app


def test_ctrl_c_outside_of_training_promises_nothing():
    @exits.guarded
    def generate():
        raise KeyboardInterrupt

    app = typer.Typer()
    app.command()(generate)
    result = CliRunner().invoke(app, [])
    assert (result.exit_code, result.stderr) == (130, "interrupted: what was not finished is not written.\n")


def test_ctrl_c_is_130():
    result = end_of(KeyboardInterrupt())
    assert result.exit_code == 130
    assert result.stderr == "interrupted: what was saved stays; the same command again continues a run.\n"


@pytest.mark.parametrize("error", [RuntimeError("broken"), OSError(errno.ENOENT, "No such file"), ValueError("x")])
def test_anything_else_is_our_fault_with_a_log_to_attach(error, tmp_path, monkeypatch):
    monkeypatch.setattr(exits.tempfile, "tempdir", str(tmp_path))
    result = end_of(error)
    assert result.exit_code == 1 and f"error: {type(error).__name__}: " in result.stderr
    assert "This is a fault of keras_transfer_gen. Please report it with " in result.stderr
    assert "Traceback" not in result.stderr
    log = Path(re.search(r"report it with (\S+) attached", result.stderr)[1]).read_text()
    assert "Traceback" in log and "python 3." in log and "command [" in log and type(error).__name__ in log


@pytest.mark.parametrize("error", [checks.UserError("bad option"), checks.Interrupted("saved."), KeyboardInterrupt()])
def test_debug_shows_the_traceback_as_well(error):
    result = end_of(error, "--debug")
    assert "Traceback (most recent call last)" in result.stderr and type(error).__name__ in result.stderr
    assert result.exit_code == end_of(error).exit_code and result.stderr.endswith(end_of(error).stderr)


def test_closed_pipe_is_nobodys_fault():
    result = end_of(BrokenPipeError(errno.EPIPE, "Broken pipe"))
    assert "fault" not in result.stderr


@pytest.mark.usefixtures("hangup_ends")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_terminating_signals_are_taken_as_ctrl_c_and_handlers_come_back(number):
    before = signal.getsignal(number)

    @exits.guarded
    def command():
        os.kill(os.getpid(), number)
        return "not reached"

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 130 and signal.getsignal(number) is before


def test_preempted_process_ends_at_once_when_all_is_said(monkeypatch, capsys):
    codes = []
    monkeypatch.setattr(exits, "preempted", [])
    monkeypatch.setattr(os, "_exit", codes.append)
    exits.leave_if_preempted()
    assert codes == []

    def finetune():
        raise checks.Interrupted("saved at 4 kimg.", preempted=True)

    with pytest.raises(typer.Exit):
        exits.guarded(finetune)()
    exits.leave_if_preempted()
    assert codes == [0] and capsys.readouterr().err == "saved at 4 kimg.\n"


@pytest.mark.parametrize(("number", "grace", "code"), [
    (signal.SIGTERM, None, 0), (signal.SIGUSR1, None, 0), (signal.SIGINT, None, 130), (signal.SIGINT, 30.0, 0),
])  # fmt: skip
def test_preempted_training_ends_well(number, grace, code, capsys):
    before = signal.getsignal(number)

    def finetune(grace=None):
        os.kill(os.getpid(), number)

    with pytest.raises(typer.Exit) as caught:
        exits.guarded(finetune)(grace=grace)
    assert caught.value.exit_code == code and signal.getsignal(number) is before
    assert "what was saved stays" in capsys.readouterr().err


def test_hangup_that_nohup_ignores_ends_nothing():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert exits.guarded(lambda: os.kill(os.getpid(), signal.SIGHUP) or "reached")() == "reached"
    finally:
        signal.signal(signal.SIGHUP, before)


def test_guarded_commands_work_outside_the_main_thread():
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(exits.guarded(lambda: 3)).result() == 3


def test_native_noise_goes_to_a_log_and_python_keeps_the_terminal(own_cache):
    code = (
        "import os, sys\nfrom keras_transfer_gen.cli import exits\nexits.quiet_native_libraries()\n"
        "os.write(2, b'native noise')\nprint('for people', file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == "for people\n"
    assert (own_cache / "logs" / "native.log").read_text() == "native noise"


def test_writing_to_a_closed_terminal_is_no_error():
    master, slave = pty.openpty()
    stream = exits.Terminal(io.BufferedWriter(io.FileIO(slave, "w")), encoding="utf-8", line_buffering=True)
    print("seen", file=stream)
    assert os.read(master, 100) == b"seen\r\n"
    os.close(master)
    for _ in range(2):
        assert stream.write("nobody sees this\n") == 17
    stream.close()


def test_quiet_works_where_no_log_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    code = "from keras_transfer_gen.cli import exits\nexits.quiet_native_libraries()\nimport os\nos.write(2, b'noise')"
    env = {**os.environ, "KTG_CACHE_DIR": str(tmp_path / "file")}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert ran.stderr == ""


def test_lost_worker_ends_the_process_at_once(monkeypatch, capsys):
    """TensorFlow's own end would wait for it."""
    ends = []
    monkeypatch.setattr(exits.os, "_exit", ends.append)

    @exits.guarded
    def finetune():
        raise WorkerLost("another worker\nended")

    finetune()
    assert ends == [exits.WORKER_LOST] == [75] and capsys.readouterr().err == "error: another worker ended\n"
