"""SavedModels of TF2 and TF1 from a server with tensorflow-hub's protocol and from its cache: as from a folder."""

import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.transfer.fetching.cache import hub_entry
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer
from tests.saved_model_fixtures import RATE, SIZE, folder_of, latents, targets, values_of

HANDLE = "https://tfhub.dev/nobody/{}/1"  # a host that must never be asked


@pytest.fixture
def from_server(server, reply, pack, hub_root):
    def add(kind):
        return server.add(f"/nobody/{kind}/1", reply(pack(folder_of(kind)), query="tf-hub-format=compressed"))

    return add


@pytest.fixture
def from_cache(hub_root, only_loopback, monkeypatch):
    monkeypatch.setenv("KTG_OFFLINE", "1")

    def fill(kind):
        shutil.copytree(folder_of(kind), hub_entry(HANDLE.format(kind)).folder)
        return HANDLE.format(kind)

    return fill


@pytest.fixture
def source(request):
    """Function: a kind -> what names it, for each of the two places."""
    return request.getfixturevalue(request.param)


def open_layer(name):
    return SavedModelLayer(name, name="source")


def step(layer):
    """One step of SGD, without the noise of dropout; returns the loss before it."""
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((layer(latents(), training=False) - targets()) ** 2)
    variables = layer.trainable_variables
    keras.optimizers.SGD(RATE).apply(tape.gradient(loss, variables), variables)
    return float(loss)


@pytest.mark.parametrize("kind", ["module", "tf1"])
@pytest.mark.parametrize("source", ["from_server", "from_cache"], indirect=True)
def test_fetched_model_loads_runs_and_is_fine_tuned(source, kind):
    layer = open_layer(source(kind))
    original = open_layer(folder_of(kind))
    np.testing.assert_array_equal(layer(latents()), original(latents()))
    before = values_of(layer)
    held = min(name for name in layer.named_variables if "w" in name or "kernel" in name)
    if kind != "tf1":  # which has no second one to train
        freeze(layer, {held: False})
    losses = [step(layer) for _ in range(8)]
    assert losses[-1] < losses[0]
    after = values_of(layer)
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    trained = {name for name, variable in layer.named_variables.items() if variable.trainable}
    assert trained <= moved and (held in moved) == (kind == "tf1")
    # What lies on disk stays as it came: the weights that were trained are the layer's own.
    np.testing.assert_array_equal(open_layer(layer.folder)(latents()), original(latents()))


def test_model_that_is_nowhere_is_one_clear_error(hub_root, only_loopback, monkeypatch):
    monkeypatch.setenv("KTG_OFFLINE", "1")
    with pytest.raises(UserFileError, match="in the cache already, since requests are switched off.*KTG_OFFLINE"):
        SavedModelLayer(HANDLE.format("gan"))
    assert not hub_root.exists()


def test_fine_tuned_handle_is_saved_and_loaded_without_a_request(from_server, server, tmp_path):
    layer = open_layer(from_server("module"))
    model = keras.Sequential([keras.Input((SIZE,)), layer])
    model.compile(keras.optimizers.SGD(RATE), "mse")
    model.fit(latents(), targets(), epochs=2, verbose=0)
    model.save(tmp_path / "tuned.keras")
    expected = model(latents())
    again = keras.models.load_model(tmp_path / "tuned.keras")
    np.testing.assert_allclose(again(latents()), expected, atol=1e-6)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    np.testing.assert_allclose(served.serve(latents()), expected, atol=1e-6)
    assert len(server.requests) == 1
