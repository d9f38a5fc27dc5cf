import io
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from keras_transfer_gen.networks.blended.known import blend_layer
from tests.blended_fixtures import blended_generator
from tests.scripts import import_script

SCRIPTS = Path(__file__).resolve().parents[2] / "saved_models"


@pytest.fixture(scope="module")
def preset_files():
    return import_script(SCRIPTS, "preset_files")


def two_parts(equal):
    """A model of two layers with 10,000 weights each, alike or not, and statistics of a norm."""
    x = inputs = keras.Input((100,))
    for name in ("first", "second"):
        x = keras.layers.Dense(100, name=name)(x)
    model = keras.Model(inputs, keras.layers.BatchNormalization()(x))
    if equal:
        model.get_layer("second").set_weights(model.get_layer("first").get_weights())
    return model


@pytest.mark.parametrize(("equal", "arrays"), [(True, 1), (False, 2)])
def test_equal_weights_are_stored_once_and_read_by_keras(tmp_path, preset_files, equal, arrays):
    path, model = tmp_path / "model.keras", two_parts(equal)
    megabytes = preset_files.write_model(model, path, 1.0)
    assert megabytes == path.stat().st_size / 1e6
    assert 0.04 * arrays < megabytes < 0.04 * arrays + 0.035
    again = keras.models.load_model(path)
    for new, old in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)
    preset_files.store_equal_weights_once(path)  # twice is as once
    assert megabytes == path.stat().st_size / 1e6
    again.get_layer("second").kernel.assign(np.zeros((100, 100)))  # what is loaded is not shared
    np.testing.assert_array_equal(again.get_layer("first").kernel, model.get_layer("first").kernel)


def test_arrays_are_compressed_and_read_by_keras(tmp_path, preset_files):
    generator = blended_generator()
    blend = blend_layer(generator)
    preset_files.write_model(generator, tmp_path / "model.keras", 1.0)
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        weights = h5py.File(io.BytesIO(archive.read(preset_files.WEIGHTS)))
    packed = []
    weights.visititems(lambda _, part: packed.append(part.compression) if getattr(part, "ndim", 0) else None)
    assert len(packed) > 3 and set(packed) == {"gzip"}
    again = blend_layer(keras.models.load_model(tmp_path / "model.keras"))
    np.testing.assert_array_equal(again.tokens, blend.tokens)
    assert again.tokens.dtype == blend.tokens.dtype


def test_model_that_is_too_large_ends_the_script(tmp_path, preset_files):
    with pytest.raises(SystemExit, match="over the limit of 0.01 MB"):
        preset_files.write_model(two_parts(False), tmp_path / "model.keras", 0.01)
