import shutil
import sys
import types
from pathlib import Path

import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.saved_model import files as locations
from keras_transfer_gen.transfer.saved_model.files import (
    find_again,
    graph_digest,
    load_saved_model,
    open_source,
)
from tests.saved_model_fixtures import saved, write_references


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(saved("module")[0], tmp_path / "source"))


@pytest.fixture
def fetching(monkeypatch, folder):
    """List of the sources that are fetched; each gives `folder`."""
    asked = []
    module = types.ModuleType("fetch")
    module.fetch_saved_model = lambda source: asked.append(source) or folder
    monkeypatch.setitem(sys.modules, "keras_transfer_gen.transfer.fetching.fetch", module)
    monkeypatch.setattr(locations, "_fetched", {})
    return asked


def test_folder_is_opened_as_path_or_text_relative_or_versioned(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert open_source(folder) == open_source(str(folder)) == open_source("source") == folder
    shutil.copytree(folder, tmp_path / "served" / "2")
    assert open_source(tmp_path / "served") == tmp_path / "served" / "2"


def test_what_is_no_saved_model_is_refused_in_words(folder, tmp_path):
    with pytest.raises(checks.UserFileError, match="an existing folder with a SavedModel.*Looked for .*missing"):
        open_source(tmp_path / "missing")
    (tmp_path / "model.keras").write_bytes(b"")
    with pytest.raises(checks.UserError, match="`source` must be a SavedModel, .*load it with load_gan"):
        open_source(tmp_path / "model.keras")
    (tmp_path / "empty").mkdir()
    with pytest.raises(checks.UserFileError, match="a SavedModel: a folder with saved_model.pb"):
        open_source(tmp_path / "empty")
    shutil.rmtree(folder / "variables")
    with pytest.raises(checks.UserFileError, match="a whole SavedModel.*Copy or export it again"):
        open_source(folder)


@pytest.mark.parametrize("source", [
    "https://example.org/model/1", "HTTPS://example.org/1", "http://localhost/x", "model.tar.gz", "model.TGZ", "a.tar",
])  # fmt: skip
def test_handles_and_archives_are_fetched(fetching, folder, source):
    assert open_source(source) == folder and fetching == [source]


def test_saved_model_is_found_again_where_it_lay_or_relative(folder, tmp_path, monkeypatch):
    digest = graph_digest(folder)
    assert find_again("elsewhere", str(folder), digest) == folder
    monkeypatch.chdir(tmp_path)
    assert find_again("source", "/not/here/source", digest) == folder
    monkeypatch.setenv("KTG_SAVED_MODEL_DIR", str(tmp_path))
    for old in ("/not/here/source", "C:\\old\\source"):
        assert find_again("other", old, digest) == folder


def test_handle_is_found_again_without_fetching(fetching, folder):
    handle, digest = "https://example.org/model/1", graph_digest(folder)
    assert find_again(handle, str(folder), digest) == folder
    with pytest.raises(checks.UserFileError, match=r"it is missing.*Call SavedModelLayer\('https://example"):
        find_again(handle, "/not/here", digest)
    assert fetching == []
    open_source(handle)
    assert find_again(handle, "/not/here", digest) == folder


def test_another_saved_model_is_not_taken(folder):
    with pytest.raises(checks.UserFileError, match="the SavedModel that this model was saved with.*another graph"):
        find_again("source", str(folder), "0" * 64)


def test_digest_is_that_of_the_graph_alone(folder, tmp_path):
    other = shutil.copytree(folder, tmp_path / "other")
    (tmp_path / "other" / "more.txt").write_text("x")
    assert graph_digest(other) == graph_digest(folder) != graph_digest(saved("keras_3")[0] / "model")


def test_broken_saved_model_names_what_tensorflow_says(folder):
    index = folder / "variables" / "variables.index"
    index.write_bytes(index.read_bytes()[:-1] + b"x")
    with pytest.raises(checks.UserFileError, match="a SavedModel that TensorFlow can load.*TensorFlow says"):
        load_saved_model(folder)


@pytest.mark.parametrize(("tags", "taken"), [(["serve", "train"], "serve"), (["", "train"], "")])
def test_of_several_tf1_graphs_the_one_for_serving_is_loaded(tmp_path, tags, taken):
    v1 = tf.compat.v1
    builder = v1.saved_model.Builder(str(tmp_path / "model"))
    for number, tag in enumerate(tags):
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, (None,), name="x")
            w = v1.get_variable("w", initializer=2.0)
            session.run(v1.global_variables_initializer())
            signature = v1.saved_model.predict_signature_def({"x": x}, {tag or "none": w * x})
            add = builder.add_meta_graph_and_variables if number == 0 else builder.add_meta_graph
            first = (session,) if number == 0 else ()
            add(*first, [tag] if tag else [], signature_def_map={"serving_default": signature})
    builder.save()
    loaded = load_saved_model(tmp_path / "model")
    assert list(loaded.signatures["serving_default"].structured_outputs) == [taken or "none"]


def test_variables_of_tf1_belong_to_the_strategy_in_scope(two_cpus):
    with two_cpus.scope():
        loaded = load_saved_model(saved("tf1")[0] / "model")
        assert all(map(two_cpus.extended.variable_created_in_scope, loaded.variables))
    assert {v.name for v in loaded.variables} == {"generator/conv_1/w:0", "generator/conv_1/scale:0", "global_step:0"}


def test_what_lies_together_is_named_by_its_way_from_there_and_found_after_a_move(folder, tmp_path):
    with locations.beside(tmp_path):
        assert locations.stored_folder(str(folder)) == "source"
        assert locations.stored_folder("/elsewhere/source") == "/elsewhere/source"
    assert locations.stored_folder(str(folder)) == str(folder)
    digest = graph_digest(folder)
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.move(folder, moved / "source")
    with locations.beside(moved / "checkpoints" / "step-1" / "gan.keras"):
        assert find_again("source", "source", digest) == moved / "source"
    with pytest.raises(
        checks.UserFileError, match=r"it is missing.*Load the file with load_gan\(...\), which looks for"
    ):
        find_again("source", "source", digest)


def test_warnings_of_tf1_reference_variables_are_not_let_through(tmp_path, caplog):
    write_references(tmp_path / "model")
    caplog.clear()  # what is deprecated in TF1 warns where it is first used
    logger = tf.get_logger()
    logger.addHandler(caplog.handler)
    try:
        loaded = load_saved_model(tmp_path / "model")
        logger.warning("another warning")
    finally:
        logger.removeHandler(caplog.handler)
    assert set(caplog.messages) == {"another warning"} and not loaded.variables
