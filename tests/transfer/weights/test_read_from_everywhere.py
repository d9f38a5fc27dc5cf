"""Weights of archives, handles, addresses, presets and SavedModels of every kind."""

import hashlib
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.transfer.fetching import presets
from keras_transfer_gen.transfer.fetching.cache import hub_entry
from keras_transfer_gen.transfer.provenance import source_of
from keras_transfer_gen.transfer.weights.matching import load_matching_weights
from keras_transfer_gen.transfer.weights.read import read_weights
from tests.saved_model_fixtures import KINDS, folder_of, layer_of, saved, values_of


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, array in found.items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


@pytest.fixture
def packed(tf1_folder, pack, tmp_path):
    """A SavedModel of TensorFlow 1 with one variable "scale", packed below a version folder."""
    path = tmp_path / "gan.tar.gz"
    path.write_bytes(pack(tf1_folder, "gan/3/"))
    return path


@pytest.mark.usefixtures("hub_root", "only_loopback")
def test_archive_folder_of_versions_and_graph_are_read_like_the_folder(packed, tf1_folder, tmp_path):
    expected = {"scale": np.float32(2)}
    shutil.copytree(tf1_folder, tmp_path / "versions" / "2")
    (tmp_path / "versions" / "note.txt").write_text("")
    for source in (tf1_folder, str(packed), packed, tmp_path / "versions", tf1_folder / "saved_model.pb"):
        assert_same(read_weights(source), expected)


def test_handle_is_fetched_with_trust_alone_and_once(server, hub_root, reply, packed):
    handle = server.add("/google/gan/1", reply(packed.read_bytes(), query="tf-hub-format=compressed"))
    inputs = keras.Input((2,))
    layer = keras.layers.Dense(1, use_bias=False, name="dense")
    model = keras.Model(inputs, layer(inputs))
    for read in (lambda: read_weights(handle), lambda: load_matching_weights(model, handle, skip=[".*"])):
        with pytest.raises(UserError, match="`weights` must be a model that you trust.*trust=True or --trust"):
            read()
    assert server.requests == [] and not hub_root.exists()
    assert_same(read_weights(handle, trust=True), {"scale": np.float32(2)})
    target = keras.layers.Layer(name="target")
    target.scale = target.add_weight(shape=(), name="scale")
    rename = [("scale", "target/scale")]
    assert load_matching_weights(target, handle, rename, trust=True).loaded == ["target/scale"]
    assert float(target.scale) == 2 and source_of(target.scale) == handle
    assert len(server.requests) == 1


def test_address_of_an_archive_and_a_filled_cache_are_read(server, hub_root, reply, packed, tf1_folder):
    address = server.add("/gan.tar.gz", reply(packed.read_bytes()))
    assert_same(read_weights(address, trust=True), {"scale": np.float32(2)})
    shutil.copytree(tf1_folder, hub_entry("https://tfhub.dev/nobody/gan/1").folder)
    assert_same(read_weights("https://tfhub.dev/nobody/gan/1", trust=True), {"scale": np.float32(2)})
    assert hub_root.joinpath(hashlib.sha1(b"https://tfhub.dev/nobody/gan/1").hexdigest()).is_dir()
    assert len(server.requests) == 1


def test_preset_and_its_folder_are_read_like_its_file(source_file, tmp_path, monkeypatch):
    folder = tmp_path / "installed" / "test_gan_32"
    folder.mkdir(parents=True)
    shutil.copy(source_file, folder / "gan.keras")
    monkeypatch.setattr(presets, "_preset_folders", lambda: [folder])
    monkeypatch.setattr(presets, "list_presets", lambda: [type("Preset", (), {"name": "test_gan_32"})])
    expected = read_weights(source_file)
    for source in ("test_gan_32", folder):
        assert_same(read_weights(source), expected)
    with pytest.raises(UserFileError, match=r"`weights` must be an existing file or folder.*or a preset"):
        read_weights("test_gan_64")


def test_metrics_of_a_compiled_model_of_keras_2_are_left_out():
    folder = saved("keras_2")[0] / "plain"
    stored = tf.train.load_checkpoint(str(folder / "variables" / "variables")).get_variable_to_shape_map()
    assert any(key.startswith("keras_api/metrics/0/total") for key in stored)
    assert {"total", "count"}.isdisjoint(read_weights(folder)) and "conv_1/kernel" in read_weights(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_saved_model_of_every_kind_gives_its_weights_back(kind):
    layer = layer_of(kind)
    before = values_of(layer)
    for variable in layer.named_variables.values():
        variable.assign(keras.ops.zeros_like(variable) + 7)
    changed = {name for name, value in values_of(layer).items() if not np.array_equal(value, before[name])}
    report = load_matching_weights(layer, folder_of(kind), skip=[".*"])
    assert changed - set(report.loaded) <= {name for name in before if name.endswith("seed_generator_state")}
    for name in report.loaded:
        np.testing.assert_array_equal(values_of(layer)[name], before[name], err_msg=name)
    assert len(report.loaded) >= 3 - (kind == "tf1") and not report.mismatched
