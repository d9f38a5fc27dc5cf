import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching.find import find_saved_model


def fill(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("saved_model_schema_version: 1")
    return root


@pytest.mark.parametrize(
    ("names", "place"),
    [
        (["saved_model.pb", "old/saved_model.pb"], "."),
        (["saved_model.pbtxt"], "."),
        (["model/saved_model.pb", "README.md", ".git/saved_model.pb", "__MACOSX/saved_model.pb"], "model"),
        (["model/1/saved_model.pb"], "model/1"),
        (["2/saved_model.pb", "10/saved_model.pb", "9/saved_model.pb"], "10"),
        (["1/saved_model.pb", "2/README.md"], "1"),
        (["biggan/3/saved_model.pb", "biggan/4/saved_model.pb"], "biggan/4"),
    ],
)
def test_model_is_found(tmp_path, names, place):
    assert find_saved_model(fill(tmp_path, *names), source="m") == tmp_path / place


def test_no_model_lists_what_is_there(tmp_path):
    fill(tmp_path, "model.tflite", "README.md", "a/b/c/d/saved_model.pb")
    with pytest.raises(
        UserFileError, match=r"folder with saved_model\.pb\. Received: source='m'\. It holds README\.md, a,"
    ):
        find_saved_model(tmp_path, source="m")


def test_several_models_are_named(tmp_path):
    fill(tmp_path, "big/saved_model.pb", "small/1/saved_model.pb")
    with pytest.raises(UserFileError, match=r"must be one SavedModel.*It holds big, small/1\. Give the folder"):
        find_saved_model(tmp_path, source="m")


def test_search_does_not_walk_a_whole_disk(tmp_path, monkeypatch):
    for number in range(30):
        (tmp_path / f"a{number:02}").mkdir()
    fill(tmp_path, "z/saved_model.pb")
    monkeypatch.setattr("keras_transfer_gen.transfer.fetching.find.MOST_FOLDERS", 20)
    with pytest.raises(UserFileError, match=r"It holds a00"):
        find_saved_model(tmp_path, source="m")
