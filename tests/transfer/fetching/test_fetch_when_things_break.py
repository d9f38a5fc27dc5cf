"""What servers, users and other processes do wrong during a fetch: one error each, and a cache that stays usable."""

import gzip
import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time

import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching.cache import hub_entry
from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model
from keras_transfer_gen.transfer.fetching.limits import GIB

PATIENCE = 120  # seconds; a process may start slowly on a machine that is busy


def cache_files(root):
    return sorted(path.name for path in root.iterdir()) if root.exists() else []


@pytest.fixture
def handle(server, hub_root, reply, tf2_archive):
    """The handle of a model on the server."""
    return server.add("/google/gan/1", reply(tf2_archive))


def evil(name, size=0):
    """A .tar.gz with one file of zeros."""
    buffer, info = io.BytesIO(), tarfile.TarInfo(name)
    info.size = size
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.addfile(info, io.BytesIO(bytes(size)))
    return buffer.getvalue()


def odd(kind, target="", then=()):
    """A .tar.gz with a link or a device called `variables`, and what else is in it, (name, content) pairs."""
    buffer, info = io.BytesIO(), tarfile.TarInfo("variables")
    info.type, info.linkname = kind, target
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.addfile(info)
        for name, content in then:
            inside = tarfile.TarInfo(name)
            inside.size = len(content)
            tar.addfile(inside, io.BytesIO(content))
    return buffer.getvalue()


BROKEN = {
    "web page": ({"body": b"<html>Log in"}, "the server sent a web page"),
    "gone": ({"status": 404}, "there is no model at it"),
    "login": ({"status": 403}, "refuses access"),
    "busy": ({"status": 503}, "busy or broken"),
    "escape": ({"body": evil("../../evil")}, "leads out of the folder"),
    "absolute": ({"body": evil("/tmp/evil")}, "leads out of the folder"),
    "link out": ({"body": odd(tarfile.SYMTYPE, "/tmp", [("variables/evil", b"x")])}, "is a link to '/tmp'"),
    "hard link out": ({"body": odd(tarfile.LNKTYPE, "/etc/passwd")}, "is a link to '/etc/passwd'"),
    "device": ({"body": odd(tarfile.BLKTYPE)}, "is a device or a pipe"),
    "empty": ({"body": b""}, "The file is empty"),
    "no tar": ({"body": gzip.compress(b"x" * 2000)}, "It is no tar archive"),
    "bomb": ({"body": evil("saved_model.pb", 2**23)}, "unpacks to more than the limit of 4 MiB"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_answers_leave_the_cache_usable(server, hub_root, reply, tmp_path, tf2_archive, monkeypatch, kind):
    monkeypatch.setenv("KTG_MAX_DOWNLOAD_GB", str(1 / 1024))
    answer, words = BROKEN[kind]
    handle = server.add("/gan", *[reply(**answer)] * (3 if kind == "busy" else 1), reply(tf2_archive))
    before = {path for path in tmp_path.rglob("*") if hub_root not in path.parents} | {hub_root}
    with pytest.raises(UserFileError, match=words):
        fetch_saved_model(handle)
    assert set(tmp_path.rglob("*")) <= before and cache_files(hub_root) == []
    assert fetch_saved_model(handle).is_dir()


@pytest.mark.parametrize("keep", [0.3, 0.9, -1])
def test_cut_archive_is_not_kept(server, hub_root, reply, tf2_archive, keep):
    cut = tf2_archive[: int(keep * len(tf2_archive)) if keep > 0 else keep]
    handle = server.add("/gan", reply(cut, headers={"Content-Length": None}), reply(tf2_archive))
    with pytest.raises(UserFileError, match="The archive is cut"):
        fetch_saved_model(handle)
    assert cache_files(hub_root) == [] and fetch_saved_model(handle).is_dir()


@pytest.mark.parametrize("name", ["variables/variables.index", "variables/variables.data-00000-of-00001"])
def test_archive_with_variables_missing_is_not_kept(server, hub_root, reply, tf1_folder, pack, name):
    handle = server.add("/gan", reply(pack(tf1_folder, leave_out=(name,))), reply(pack(tf1_folder)))
    with pytest.raises(UserFileError, match=f"{name} is missing. Its archive is broken"):
        fetch_saved_model(handle)
    assert cache_files(hub_root) == [] and fetch_saved_model(handle).is_dir()


def test_bomb_of_10_gb_is_stopped_early_by_the_limits_as_they_are(tmp_path, hub_root, tf2_archive):
    info, zeros = tarfile.TarInfo("saved_model.pb"), gzip.compress(bytes(2**24))
    info.size = 10 * GIB
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT)) + zeros * (info.size // 2**24))
    start = time.process_time()
    with pytest.raises(UserFileError, match="unpacks to more than 200 times its size: an archive bomb"):
        fetch_saved_model(path)
    assert time.process_time() - start < 30
    assert [left.name for left in (tmp_path / "ktg" / "saved_models").iterdir() if left.suffix != ".lock"] == []
    path.write_bytes(tf2_archive)
    assert fetch_saved_model(path).is_dir()


def test_limits_of_the_environment_hold(handle, hub_root, monkeypatch):
    monkeypatch.setenv("KTG_MAX_DOWNLOAD_GB", str(1000 / GIB))
    with pytest.raises(UserFileError, match="where 1,000 bytes is the limit for downloads"):
        fetch_saved_model(handle)
    assert cache_files(hub_root) == []


def test_unknown_host(hub_root, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(UserFileError, match=r"no computer named 'models\.example' was found.*Or give a local folder"):
        fetch_saved_model("https://models.example/gan/1")
    assert cache_files(hub_root) == []


def test_stop_by_the_user_leaves_nothing(handle, hub_root):
    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_saved_model(handle, progress=stop)
    assert cache_files(hub_root) == [] and fetch_saved_model(handle).is_dir()


def start(handle):
    """A process that prints a line when it begins to fetch, and then the folder."""
    code = "import sys; from keras_transfer_gen.transfer.fetching import fetch as m\nprint('begins', flush=True)\n"
    code += "print(m.fetch_saved_model(sys.argv[1]))"
    environment = {**os.environ, "no_proxy": "*"}
    return subprocess.Popen([sys.executable, "-c", code, handle], env=environment, stdout=subprocess.PIPE, text=True)


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_processes_fetch_once(server, hub_root, reply, tf2_archive):
    handle = server.add("/gan", reply(tf2_archive, cut=1000, silent=True), reply(tf2_archive))
    first = start(handle)
    wait_for(lambda: server.requests)
    second = start(handle)
    assert [process.stdout.readline() for process in (first, second)] == ["begins\n"] * 2
    time.sleep(0.3)  # the second one comes to the lock
    server.over.set()  # the first answer ends, cut; its process asks again
    assert [process.communicate(timeout=PATIENCE)[0].strip() for process in (first, second)] == [
        str(hub_entry(handle).folder)
    ] * 2
    assert len(server.requests) == 2
    assert len(cache_files(hub_root)) == 3


def test_killed_process_is_no_obstacle(server, hub_root, reply, tf2_archive):
    handle = server.add("/gan", reply(tf2_archive, cut=1000, silent=True), reply(tf2_archive))
    process = start(handle)
    wait_for(lambda: list(hub_root.glob("*/archive")))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert [name for name in cache_files(hub_root) if "partial" in name]
    assert fetch_saved_model(handle).is_dir() and len(cache_files(hub_root)) == 3
