"""`SavedModelLayer`, continued: files, exports and TFLite, in one round trip for each kind of SavedModel."""

import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report
from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer
from tests.saved_model_fixtures import KINDS, SIZE, folder_of, latents, layer_of


@pytest.fixture(params=KINDS, scope="module")
def tuned(request):
    """A functional model of two layers, changed in every weight, with flags of its own; and its kind. Not to change."""
    kind = request.param
    model = build(kind)
    rules = {"tf1": {".*/scale": True, ".*/w": False}, "module": {".*/gain": True, ".*/0/.*": False}}
    freeze(model, rules.get(kind, {".*/(conv_1|norm_1)/.*": False}))
    for number, variable in enumerate(model.weights):
        if keras.backend.is_float_dtype(variable.dtype):
            variable.assign(variable + 0.01 * (number + 1))
    return model, kind


def flags(model):
    return {row.path: row.trainable for row in trainable_report(model).rows}


def build(kind):
    x = keras.Input((SIZE,))
    return keras.Model(x, keras.layers.Dense(3, name="head")(layer_of(kind)(x)))


def test_files_bring_back_weights_and_flags(tuned, tmp_path):
    model, kind = tuned
    images = model(latents()).numpy()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(latents()), images)
    assert flags(loaded) == flags(model) and any(flags(loaded).values()) and not all(flags(loaded).values())
    assert loaded.get_layer("source").losses == [] or kind in ("keras_2", "module")
    model.save_weights(tmp_path / "model.weights.h5")
    tf.train.Checkpoint(model=model).write(str(tmp_path / "checkpoint"))
    for restore in (
        lambda new: new.load_weights(tmp_path / "model.weights.h5"),
        lambda new: tf.train.Checkpoint(model=new).read(str(tmp_path / "checkpoint")).assert_consumed(),
        lambda new: new.set_weights(model.get_weights()),
    ):
        new = build(kind)
        assert not np.allclose(new(latents()), images)
        restore(new)
        np.testing.assert_array_equal(new(latents()), images)


def test_clone_has_the_same_flags_and_variables_of_its_own(tuned):
    model, _ = tuned
    clone = keras.models.clone_model(model)
    assert flags(clone) == flags(model)
    clone.set_weights(model.get_weights())
    images = model(latents()).numpy()
    for variable in clone.trainable_variables:
        variable.assign(variable * 0.0)
    np.testing.assert_array_equal(model(latents()), images)


def test_exports_compute_the_same(tuned, tmp_path):
    model, kind = tuned
    images = model(latents()).numpy()
    model.export(tmp_path / "exported", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_array_equal(loaded.serve(tf.constant(latents())), images)
    names = set(SavedModelLayer(loaded, trainable=False).named_variables)
    assert {"head/kernel", "head/bias"} < names  # an export is a source again
    again = SavedModelLayer(tmp_path / "exported", trainable=False)
    np.testing.assert_array_equal(again(latents()), images)
    if kind == "keras_2":
        tf.saved_model.save(model, str(tmp_path / "saved"))
        bare = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
        np.testing.assert_array_equal(next(iter(bare(tf.constant(latents())).values())), images)


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated:UserWarning")
def test_tflite_with_builtins_alone_computes_the_same(tuned, tmp_path):
    model, _ = tuned
    images = model(latents()).numpy()
    file = tmp_path / "model.tflite"
    model.export(
        file, format="litert", input_signature=[tf.TensorSpec((16, SIZE), tf.float32)], verbose=False,
        target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]},
    )  # fmt: skip
    interpreter = tf.lite.Interpreter(str(file))
    run = interpreter.get_signature_runner()
    (name,) = run.get_input_details()
    np.testing.assert_allclose(next(iter(run(**{name: latents()}).values())), images, atol=1e-5)


@pytest.fixture
def moving(tmp_path, monkeypatch):
    """A `.keras` file, its SavedModel `there/source`, which may be moved, and what the model computes."""
    folder = tmp_path / "there" / "source"
    shutil.copytree(folder_of("module"), folder)
    monkeypatch.chdir(tmp_path)
    x = keras.Input((SIZE,))
    model = keras.Model(x, SavedModelLayer("there/source")(x))
    model.save(tmp_path / "model.keras")
    return tmp_path / "model.keras", folder, model(latents()).numpy()


def test_file_finds_its_saved_model_from_another_folder(moving, tmp_path, monkeypatch):
    file, _, images = moving
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    np.testing.assert_array_equal(keras.models.load_model(file)(latents()), images)


def test_file_whose_saved_model_was_moved_says_what_to_do_and_can_be_pointed_to_it(moving, tmp_path, monkeypatch):
    file, folder, images = moving
    shutil.move(folder, tmp_path / "source")
    with pytest.raises(
        checks.UserFileError, match="it is missing. Received: source='there/source'.*KTG_SAVED_MODEL_DIR"
    ):
        keras.models.load_model(file)
    for place in (tmp_path, tmp_path / "source"):
        monkeypatch.setenv("KTG_SAVED_MODEL_DIR", str(place))
        np.testing.assert_array_equal(keras.models.load_model(file)(latents()), images)


def test_file_does_not_take_another_saved_model_for_its_own(moving):
    file, folder, _ = moving
    shutil.rmtree(folder)
    shutil.copytree(folder_of("archive"), folder)
    with pytest.raises(checks.UserFileError, match="the SavedModel that this model was saved with.*another graph"):
        keras.models.load_model(file)
