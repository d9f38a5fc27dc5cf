import os

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs import file_system


def test_good_file_system_is_silent_and_left_clean(tmp_path):
    lines = []
    file_system.check_file_system(tmp_path, lines.append)
    assert lines == [] and os.listdir(tmp_path) == []


def test_file_system_without_exclusive_files_is_said(tmp_path, monkeypatch):
    whole, lines = os.open, []
    monkeypatch.setattr(os, "open", lambda path, flags, *rest: whole(path, flags & ~os.O_EXCL, *rest))
    file_system.check_file_system(tmp_path, lines.append)
    (line,) = lines
    assert line.startswith(f"locks don't work on the file system of {tmp_path}") and "only one works there" in line


@pytest.mark.parametrize("kind", ["refused", "ignored"])
def test_file_system_without_renames_is_refused(tmp_path, monkeypatch, kind):
    def replace(old, new):
        if kind == "refused":
            raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(checks.UserFileError, match="`out` must be a folder on a file system with renames.*--out"):
        file_system.check_file_system(tmp_path, print)
    assert os.listdir(tmp_path) == []


def test_full_disk_is_not_taken_for_a_lack_of_renames(tmp_path, monkeypatch):
    def replace(old, new):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="No space left"):
        file_system.check_file_system(tmp_path, print)


def test_kind_of_the_nearest_mount_is_named(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw\nserver:/b {tmp_path} nfs4 rw\nodd\n")
    monkeypatch.setattr(file_system, "MOUNTS", mounts)
    assert file_system.describe_mount(tmp_path / "run") == " (nfs4)"
    monkeypatch.setattr(file_system, "MOUNTS", tmp_path / "missing")
    assert file_system.describe_mount(tmp_path) == ""
