import os
import sys
import threading

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


@pytest.fixture
def unlisted(monkeypatch):
    """A `FolderIndex` to which a test adds names itself."""
    monkeypatch.setattr(FolderIndex, "_list", lambda self: None)
    return FolderIndex("images")


def test_a_million_names_take_little_memory(unlisted):
    names = [f"{number // 1000:06d}/{number:09d}.png" for number in range(20_500)]
    unlisted._add(names[:20_000])
    unlisted._add(names[20_000:])
    unlisted._ended = True
    assert list(unlisted) == names and unlisted[-1 + len(names)] == names[-1]
    assert [unlisted[number] for number in (19_999, 0, 20_499, 1000)] == [names[n] for n in (19_999, 0, 20_499, 1000)]
    assert sum(map(sys.getsizeof, unlisted._chunks)) < 5 * len(names)
    assert unlisted._unpacked.cache_info().maxsize * folder_index.CHUNK < 100_000  # the rest stays packed


def test_names_that_are_no_text_come_back_as_they_were(tmp_path):
    name = os.fsdecode(b"\xff\xfe.png")
    (tmp_path / name).write_bytes(b"")
    assert list(FolderIndex(tmp_path)) == [name]


def test_listing_rests_until_someone_waits(folder, monkeypatch):
    monkeypatch.setattr(folder_index, "UNHURRIED", 1e9)  # a rest that would not end
    monkeypatch.setattr(folder_index, "CHUNK", 1)
    index = FolderIndex(folder)
    assert index[0] == NAMES[0] and not index.ended
    waiting = threading.Thread(target=lambda: len(index), daemon=True)
    waiting.start()
    waiting.join(60)
    assert index.ended and list(index) == NAMES


def test_counting_ends_early_and_leaves_hidden_files_out(folder):
    assert count_files(folder, 100) == 8 and count_files(folder, 3) == 3
