import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs import run_lock


def write_lock(folder, **changed):
    own = {"pid": os.getpid(), "host": socket.gethostname(), "since": "then", "start": run_lock._start(os.getpid())}
    folder.mkdir(exist_ok=True)
    (folder / run_lock.NAME).write_text(json.dumps({**own, **changed}))


def ended_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_second_holder_is_refused_on_one_line_that_names_the_first(tmp_path):
    (tmp_path / "run").mkdir()
    with run_lock.lock(tmp_path / "run"):
        expected = rf"`out` must be a RUN that no other.*Process {os.getpid()} on .* since 20.*remove .*{run_lock.NAME}"
        with pytest.raises(checks.UserError, match=expected) as caught, run_lock.lock(tmp_path / "run"):
            pass
        assert "\n" not in str(caught.value)
        assert os.listdir(tmp_path / "run") == [run_lock.NAME]
    assert os.listdir(tmp_path / "run") == [] and run_lock.check_free(tmp_path / "run") is None


def test_released_lock_lets_any_machine_go_on(tmp_path):
    write_lock(tmp_path, host="another")
    with pytest.raises(checks.UserError):
        run_lock.check_free(tmp_path)
    run_lock.release(tmp_path)
    run_lock.release(tmp_path)
    assert run_lock.check_free(tmp_path) is None


@pytest.mark.parametrize("end", [KeyboardInterrupt, checks.Interrupted, RuntimeError])
def test_lock_is_released_however_the_work_ends(tmp_path, end):
    with pytest.raises(end), run_lock.lock(tmp_path):
        raise end
    assert os.listdir(tmp_path) == []


def test_lock_of_a_killed_process_is_taken_over(tmp_path):
    code = (
        "import os\nfrom keras_transfer_gen.recipes.runs import run_lock\n"
        f"with run_lock.lock({str(tmp_path)!r}): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert os.listdir(tmp_path) == [run_lock.NAME]
    with run_lock.lock(tmp_path):
        assert json.loads((tmp_path / run_lock.NAME).read_text())["pid"] == os.getpid()
    assert os.listdir(tmp_path) == []


def test_lock_of_another_living_process_and_of_another_machine_is_respected(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        write_lock(tmp_path, pid=process.pid, start=run_lock._start(process.pid))
        with pytest.raises(checks.UserError, match=f"Process {process.pid} on"):
            run_lock.check_free(tmp_path)
        process.kill()
        process.stdin.close()
    assert run_lock.check_free(tmp_path) is None
    write_lock(tmp_path, host="elsewhere", pid=ended_process())
    with pytest.raises(checks.UserError, match="on elsewhere has been"):
        run_lock.check_free(tmp_path)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="the system does not tell when a process began")
def test_number_that_was_given_anew_is_no_owner(tmp_path):
    write_lock(tmp_path, start=run_lock._start(os.getpid()) - 1)
    assert run_lock.check_free(tmp_path) is None


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="the system does not tell of zombies")
def test_process_that_ended_and_was_not_waited_for_is_no_owner(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", "print()"], stdout=subprocess.PIPE)
    write_lock(tmp_path, pid=process.pid, start=run_lock._start(process.pid))
    process.stdout.read()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert run_lock.check_free(tmp_path) is None
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_lock_that_a_crash_left_unfinished_is_taken_over(tmp_path, monkeypatch, content):
    monkeypatch.setattr(run_lock, "WRITING_SECONDS", 0.0)
    (tmp_path / run_lock.NAME).write_text(content)
    with run_lock.lock(tmp_path):
        assert json.loads((tmp_path / run_lock.NAME).read_text())["pid"] == os.getpid()


def test_place_where_nothing_can_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "run"
    with pytest.raises(checks.UserFileError, match=r"cannot write .*run: .*--out"), run_lock.lock(place):
        pass
