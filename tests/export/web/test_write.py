import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.export.parity import ExportError
from keras_transfer_gen.export.web.write import INDEX, LINKED, NOTICES, SINGLE, check_page_folder, levels_for, write_web
from tests.export.small_models import wrong_weights


def test_a_folder_holds_both_pages_and_the_licence_of_the_runtime(pages):
    for folder in pages.values():
        assert {path.name for path in folder.iterdir()} == {INDEX, SINGLE, LINKED, NOTICES}
        assert "Apache License" in (folder / NOTICES / "LICENSE").read_text("utf-8")
        assert (folder / SINGLE).stat().st_size < 6e6  # of which LiteRT.js is 4.1


def test_an_earlier_page_is_replaced_whole(servables, page_facts, tmp_path):
    (tmp_path / LINKED).mkdir()
    (tmp_path / LINKED / "old.js").touch()
    assert write_web(servables["labels"], tmp_path, page_facts["labels"]) == tmp_path
    assert (tmp_path / INDEX).is_file() and not (tmp_path / LINKED / "old.js").exists()


def test_other_things_are_kept(tmp_path):
    file = tmp_path / "notes.txt"
    file.touch()
    with pytest.raises(UserFileError, match="It holds other things, such as notes.txt"):
        check_page_folder(tmp_path)
    with pytest.raises(UserFileError, match="a folder, not a file"):
        check_page_folder(file)
    check_page_folder(tmp_path / "new")


def test_nothing_is_written_of_a_generator_with_other_weights(servables, page_facts, tmp_path):
    with pytest.raises(ExportError, match="differs from the Keras model"):
        write_web(wrong_weights(servables["labels"]), tmp_path / "page", page_facts["labels"])
    assert list(tmp_path.iterdir()) == []


def test_levels_are_one_more_than_those_of_the_file():
    assert [levels_for(kind) for kind in ("none", "float16", "dynamic", "int8")] == [2, 5, None, None]
