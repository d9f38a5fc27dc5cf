import errno
import hashlib

import pytest

from keras_transfer_gen import checks, files


def test_atomic_path_leaves_nothing_after_an_error(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), files.atomic_path(target) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_atomic_path_removes_the_folders_that_it_made_for_nothing(tmp_path):
    (tmp_path / "old").mkdir()
    with pytest.raises(KeyboardInterrupt), files.atomic_path(tmp_path / "old" / "new" / "newer" / "a.txt") as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert list((tmp_path / "old").iterdir()) == []
    with pytest.raises(RuntimeError), files.atomic_path(tmp_path / "new" / "a.txt"):
        (tmp_path / "new" / "b.txt").write_text("of another process")
        raise RuntimeError
    assert (tmp_path / "new" / "b.txt").is_file()


def test_atomic_path_replaces_a_folder_whole(tmp_path):
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").write_text("")
    with files.atomic_path(target) as partial:
        partial.mkdir()
        (partial / "new").write_text("")
    assert [path.name for path in target.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_atomic_path_names_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(checks.UserFileError, match=r"cannot write .*file/x.*--out"),
        files.atomic_path(tmp_path / "file/x"),
    ):
        pass


def test_atomic_path_never_replaces_a_folder_by_a_file(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("dear")
    with pytest.raises(checks.UserFileError, match=r"cannot write .*photos: a folder has this name"):
        files.write_bytes(tmp_path / "photos", b"grid")
    assert (tmp_path / "photos" / "a.jpg").read_text() == "dear"


def test_json_round_trips_and_refuses_nan(tmp_path):
    files.write_json(tmp_path / "a.json", {"ä": [1, None]})
    assert files.read_json(tmp_path / "a.json") == {"ä": [1, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "b.json", {"x": float("nan")})
    assert not (tmp_path / "b.json").exists()


def test_read_json_explains_missing_and_broken_files(tmp_path):
    with pytest.raises(checks.UserFileError, match="an existing JSON file"):
        files.read_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(checks.UserFileError, match="a readable JSON file"):
        files.read_json(tmp_path / "bad.json")


def test_sha256_depends_on_where_parts_are_split():
    assert files.sha256(b"ab", b"c") != files.sha256(b"a", b"bc")
    by_hand = hashlib.sha256((2).to_bytes(8, "little") + b"ab").hexdigest()
    assert files.sha256(b"ab") == by_hand


def test_sha256_file_is_the_plain_digest(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert files.sha256_file(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("KTG_CACHE_DIR", str(tmp_path))
    assert files.cache_folder("features") == tmp_path / "features"
    monkeypatch.delenv("KTG_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert files.cache_folder("features") == tmp_path / "xdg/keras_transfer_gen/features"


def test_write_text_is_utf8(tmp_path):
    files.write_text(tmp_path / "a.txt", "ü")
    assert (tmp_path / "a.txt").read_bytes() == "ü".encode()


def test_full_disk_is_known_by_what_an_error_was_raised_from(tmp_path):
    assert files.is_no_room(OSError(errno.ENOSPC, "full")) and not files.is_no_room(OSError(errno.EACCES, "no"))
    try:
        try:
            raise OSError(errno.EDQUOT, "quota")
        except OSError as error:
            raise checks.UserFileError("cannot write") from error
    except checks.UserFileError as error:
        assert files.is_no_room(error)
    assert not files.is_no_room(None)


def test_size_counts_all_files_below(tmp_path):
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_bytes(b"4567")
    assert files.size_of(tmp_path) == 7 and files.size_of(tmp_path / "a") == 3 and files.size_of(tmp_path / "d") == 0


def test_half_written_folder_of_a_killed_process_is_removed_or_finished(tmp_path):
    half, whole = tmp_path / ".partial-1", tmp_path / ".partial-2"
    for folder, names in ((half, ["a"]), (whole, ["b", "replaced"])):
        folder.mkdir()
        for name in names:
            (folder / name).write_text(name)
        files.finish_partial(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["b"] and (tmp_path / "b").read_text() == "b"
