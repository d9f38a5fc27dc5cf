import os
import threading
import time

import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching import locks
from keras_transfer_gen.transfer.fetching.locks import file_lock


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(locks, "POLL_SECONDS", 0.001)


def test_one_at_a_time_and_no_file_stays(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(20):
            with file_lock(tmp_path / "lock") as held:
                inside.append(held)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 80 and max(most) == 1
    assert list(tmp_path.iterdir()) == []


def test_lock_is_given_back_after_an_error(tmp_path):
    with pytest.raises(KeyError), file_lock(tmp_path / "lock"):
        raise KeyError
    with file_lock(tmp_path / "lock", wait_seconds=0) as held:
        assert held is True


def test_file_of_a_dead_process_is_no_lock(tmp_path):
    (tmp_path / "lock").write_text("")
    with file_lock(tmp_path / "lock", wait_seconds=0) as held:
        assert held is True


def test_waiting_ends_with_an_error(tmp_path):
    with (
        file_lock(tmp_path / "lock"),
        pytest.raises(UserFileError, match=r"another process is fetching the same model.*Wait for it or end it"),
        file_lock(tmp_path / "lock", wait_seconds=0.01),
    ):
        pass


def test_file_systems_without_locks_are_no_obstacle(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    with file_lock(tmp_path / "lock") as held:
        assert held is False


def test_folder_that_is_not_writable_says_so(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with (
        pytest.raises(UserFileError, match=r"cannot write to .*Permission denied.*TFHUB_CACHE_DIR"),
        file_lock(tmp_path / "l"),
    ):
        pass
