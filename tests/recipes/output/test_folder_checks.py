import json

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.output import folder_checks


def written(folder, num=2):
    folder.mkdir()
    for number in range(num):
        (folder / folder_checks.file_name(number)).write_bytes(b"")
    (folder / folder_checks.MARK).write_text(json.dumps({"num": num}))
    return folder


def test_new_empty_and_own_folders_are_accepted(tmp_path):
    assert folder_checks.check_folder(tmp_path / "new") == (tmp_path / "new").resolve()
    (tmp_path / "empty").mkdir()
    folder_checks.check_folder(tmp_path / "empty")
    own = written(tmp_path / "own")
    (own / "00001.png").unlink()
    folder_checks.check_folder(own)


@pytest.mark.parametrize("name", ["photo.jpg", "00002.png", "123.png", "notes.txt", ".hidden"])
def test_own_folder_with_another_file_is_refused(tmp_path, name):
    own = written(tmp_path / "own")
    (own / name).write_text("dear")
    with pytest.raises(checks.UserError, match="one that an earlier `ktg` command wrote.*other files.*--out"):
        folder_checks.check_folder(own)


def test_numbered_images_without_the_mark_are_not_replaced(tmp_path):
    own = written(tmp_path / "own")
    (own / folder_checks.MARK).unlink()
    with pytest.raises(checks.UserError, match="other files"):
        folder_checks.check_folder(own)


def test_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(checks.UserFileError, match="`out` must be a folder"):
        folder_checks.check_folder(tmp_path / "file")


def test_images_of_an_earlier_call_are_counted(tmp_path):
    assert folder_checks.count_images(written(tmp_path / "own", 3)) == 3
    assert folder_checks.count_images(tmp_path / "new") == 0


def test_names_of_what_images_were_made_from_are_read_back(tmp_path):
    own = written(tmp_path / "own")
    assert folder_checks.names_in(own) is None
    (own / folder_checks.MARK).write_text(json.dumps({"num": 2, "made_from": ["a.png", "b/c.png"]}))
    assert folder_checks.names_in(own) == ["a.png", "b/c.png"]


def test_grid_lies_outside_and_replaces_no_folder(tmp_path):
    out = written(tmp_path / "own")
    folder_checks.check_grid(tmp_path / "grid.png", out)
    with pytest.raises(checks.UserError, match=r"`grid` must be a file outside --out"):
        folder_checks.check_grid(out / "grid.png", out)
    with pytest.raises(checks.UserFileError, match=r"`grid` must be a PNG file, not a folder"):
        folder_checks.check_grid(tmp_path, out)


def test_names_sort_as_the_numbers_do():
    names = [folder_checks.file_name(number) for number in (0, 9, 10, 499)]
    assert names == sorted(names) == ["00000.png", "00009.png", "00010.png", "00499.png"]
