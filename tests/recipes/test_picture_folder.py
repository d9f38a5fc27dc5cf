import json

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes import picture_folder


def written(folder, num=2):
    folder.mkdir()
    for number in range(num):
        (folder / picture_folder.name_of(number)).write_bytes(b"")
    (folder / picture_folder.MARK).write_text(json.dumps({"num": num}))
    return folder


def test_new_empty_and_own_folders_are_accepted(tmp_path):
    assert picture_folder.check_folder(tmp_path / "new") == (tmp_path / "new").resolve()
    (tmp_path / "empty").mkdir()
    picture_folder.check_folder(tmp_path / "empty")
    own = written(tmp_path / "own")
    (own / "00001.png").unlink()
    picture_folder.check_folder(own)


@pytest.mark.parametrize("name", ["photo.jpg", "00002.png", "123.png", "notes.txt", ".hidden"])
def test_own_folder_with_another_file_is_refused(tmp_path, name):
    own = written(tmp_path / "own")
    (own / name).write_text("dear")
    with pytest.raises(checks.UserError, match="one that an earlier `ktg` command wrote.*other files.*--out"):
        picture_folder.check_folder(own)


def test_numbered_pictures_without_our_mark_are_somebody_elses(tmp_path):
    own = written(tmp_path / "own")
    (own / picture_folder.MARK).unlink()
    with pytest.raises(checks.UserError, match="other files"):
        picture_folder.check_folder(own)


def test_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(checks.UserFileError, match="`out` must be a folder"):
        picture_folder.check_folder(tmp_path / "file")


def test_pictures_of_an_earlier_call_are_counted(tmp_path):
    assert picture_folder.count_pictures(written(tmp_path / "own", 3)) == 3
    assert picture_folder.count_pictures(tmp_path / "new") == 0


def test_names_of_what_pictures_were_made_from_are_read_back(tmp_path):
    own = written(tmp_path / "own")
    assert picture_folder.names_in(own) is None
    (own / picture_folder.MARK).write_text(json.dumps({"num": 2, "made_from": ["a.png", "b/c.png"]}))
    assert picture_folder.names_in(own) == ["a.png", "b/c.png"]


def test_grid_lies_outside_and_replaces_no_folder(tmp_path):
    out = written(tmp_path / "own")
    picture_folder.check_grid(tmp_path / "grid.png", out)
    with pytest.raises(checks.UserError, match=r"`grid` must be a file outside --out"):
        picture_folder.check_grid(out / "grid.png", out)
    with pytest.raises(checks.UserFileError, match=r"`grid` must be a PNG file, not a folder"):
        picture_folder.check_grid(tmp_path, out)


def test_names_sort_as_the_numbers_do():
    names = [picture_folder.name_of(number) for number in (0, 9, 10, 499)]
    assert names == sorted(names) == ["00000.png", "00009.png", "00010.png", "00499.png"]
