import os
import shutil

import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching.whole import check_whole


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
