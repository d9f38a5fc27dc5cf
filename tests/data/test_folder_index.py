import os
import sys
import threading

import numpy as np
import pytest

from keras_transfer_gen.data import folder_index
from keras_transfer_gen.data.folder_index import FolderIndex, count_files


@pytest.fixture
def folder(tmp_path):
    """Files in three folders, hidden ones, others, a link to an image and one to a folder."""
    for name in ("b/2.png", "b/10.png", "a/1.JPG", "a/in/3.webp", "z.png", ".hidden.png", ".git/4.png", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    os.symlink(tmp_path / "z.png", tmp_path / "c.png")
    os.symlink(tmp_path / "b", tmp_path / "linked")
    return tmp_path


NAMES = ["c.png", "z.png", "a/1.JPG", "a/in/3.webp", "b/10.png", "b/2.png"]


def test_names_come_folder_by_folder_in_an_order_that_never_changes(folder, monkeypatch):
    monkeypatch.setattr(folder_index, "CHUNK", 4)
    index = FolderIndex(folder)
    assert len(index) == 6 and list(index) == NAMES and index.ended
    assert index.path(3) == os.path.join(folder, "a/in/3.webp") and sorted(index.hidden) == [".git", ".hidden.png"]
    with pytest.raises(IndexError):
        index[6]


def test_waiting_ends_where_there_are_fewer(folder, tmp_path):
    index = FolderIndex(folder)
    assert index.wait_for(2) == 2 and index.wait_for(100) == 6 and index.wait_for(None) == 6
    empty = tmp_path / "empty"
    empty.mkdir()
    assert FolderIndex(empty).wait_for(1) == 0


def test_folder_that_cannot_be_read_is_skipped_with_the_reason(folder, monkeypatch):
    whole = os.scandir

    def scandir(path):
        if str(path).endswith("b/"):
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(os, "scandir", scandir)
    index = FolderIndex(folder)
    assert list(index) == NAMES[:4]
    assert [(file.path, file.reason) for file in index.skipped] == [("b", "cannot be read: permission denied")]


def test_a_million_names_take_little_memory():
    names = [f"{number // 1000:06d}/{number:09d}.png" for number in range(20_000)]
    index = FolderIndex.__new__(FolderIndex)
    index._chunks, index._starts, index._count, index._ended = [], [], 0, False
    index._news = threading.Condition()
    for first in range(0, len(names), folder_index.CHUNK):
        index._add(names[first : first + folder_index.CHUNK])
    index._ended = True
    assert [index[number] for number in (0, 9_999, 10_000, 19_999)] == [names[n] for n in (0, 9_999, 10_000, 19_999)]
    assert sum(len(text) + sys.getsizeof(ends) for text, ends in index._chunks) < 50 * len(names)
    assert np.all(np.diff(index._starts) == folder_index.CHUNK)


def test_counting_ends_early_and_leaves_hidden_files_out(folder):
    assert count_files(folder, 100) == 8 and count_files(folder, 3) == 3
