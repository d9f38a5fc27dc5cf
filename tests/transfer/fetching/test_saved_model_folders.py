import os
import shutil

import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching.saved_model_folders import (
    check_whole,
    find_saved_model,
    folder_digest,
    is_saved_model,
)


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
    monkeypatch.setattr("keras_transfer_gen.transfer.fetching.saved_model_folders.MOST_FOLDERS", 20)
    with pytest.raises(UserFileError, match=r"It holds a00"):
        find_saved_model(tmp_path, source="m")


def test_is_saved_model_looks_at_the_folder_itself(tmp_path):
    assert not is_saved_model(fill(tmp_path, "1/saved_model.pb"))
    assert is_saved_model(tmp_path / "1")


@pytest.fixture(params=["tf2", "tf1"])
def copied(request, tmp_path):
    """A copy of each kind of model."""
    folder = request.getfixturevalue(f"{request.param}_folder")
    return shutil.copytree(folder, tmp_path / "model")


def test_whole_models_pass(copied):
    assert check_whole(copied, source="m", step="Again.") is None


def test_models_without_variables_pass(tmp_path):
    module = tf.Module()
    module.double = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec((None,))])
    tf.saved_model.save(module, str(tmp_path / "tf2"))
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        x = tf.compat.v1.placeholder(tf.float32, (None,))
        tf.compat.v1.saved_model.simple_save(session, str(tmp_path / "tf1"), {"x": x}, {"y": 2 * x})
    assert not list((tmp_path / "tf1" / "variables").iterdir())
    for kind in ("tf2", "tf1"):
        assert check_whole(tmp_path / kind, source="m", step="Again.") is None


@pytest.mark.parametrize("name", ["variables/variables.index", "variables/variables.data-00000-of-00001"])
def test_missing_variables_are_named(copied, name):
    (copied / name).unlink()
    with pytest.raises(
        UserFileError, match=f"must be a whole SavedModel. Received: source='m'. {name} is missing. Again."
    ):
        check_whole(copied, source="m", step="Again.")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("saved_model.pb", "is cut, or it is no SavedModel"),
        ("variables/variables.index", "is damaged"),
        ("variables/variables.data-00000-of-00001", r"is cut: \d+(,\d+)* of \d+(,\d+)* bytes"),
    ],
)
def test_cut_files_are_named(copied, name, words):
    size = (copied / name).stat().st_size
    for length in (0, size // 2, size - 1):
        os.truncate(copied / name, length)
        with pytest.raises(UserFileError, match=f"{name} {words}"):
            check_whole(copied, source="m", step="Again.")


def test_a_web_page_is_no_graph(copied):
    (copied / "saved_model.pb").write_text("<!doctype html><title>Sign in</title>")
    with pytest.raises(UserFileError, match="it is no SavedModel"):
        check_whole(copied, source="m", step="Again.")


def test_text_graph_is_searched_too(tmp_path):
    (tmp_path / "saved_model.pbtxt").write_text('node { op: "RestoreV2" }')
    with pytest.raises(UserFileError, match=r"variables/variables\.index is missing"):
        check_whole(tmp_path, source="m", step="")


def test_digest_depends_on_names_and_contents_alone(tmp_path):
    first = fill(tmp_path / "first", "b", "a/c")
    second = fill(tmp_path / "second", "a/c", "b")
    os.utime(second / "b", (0, 0))
    same = folder_digest(first)
    assert folder_digest(second) == same and len(same) == 64
    (second / "b").rename(second / "d")
    assert folder_digest(second) != same
    (second / "d").rename(second / "b")
    (second / "a" / "c").write_text("x")
    assert folder_digest(second) != same


def test_digest_ends_on_loops_and_pipes(tmp_path):
    folder = fill(tmp_path / "model", "a/b")
    same = folder_digest(folder)
    (folder / "a" / "up").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    (folder / "broken").symlink_to(folder / "nothing")
    assert folder_digest(folder) == same
