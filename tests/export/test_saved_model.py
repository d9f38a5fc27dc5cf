import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.export import saved_model
from keras_transfer_gen.export.parity import ExportError, check_parity, probe_latents
from keras_transfer_gen.export.saved_model import read_saved_model, write_saved_model
from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
from keras_transfer_gen.specs import ModelSpec

SPEC = ModelSpec(image_size=32, channels=3, latent_dim=16, truncation=0.8, licence="CC0-1.0")


@pytest.fixture(scope="module")
def generator():
    return build_dcgan_generator(32, latent_dim=16, max_channels=64)


@pytest.fixture(scope="module")
def exported(generator, tmp_path_factory):
    return write_saved_model(generator, SPEC, tmp_path_factory.mktemp("serving") / "cats" / "1", card="# Cats\n")


def test_signatures_are_those_that_serving_expects(exported):
    signatures = tf.saved_model.load(exported).signatures
    assert sorted(signatures) == ["serving_default", "uint8"]
    for name, dtype in (("serving_default", tf.float32), ("uint8", tf.uint8)):
        (arguments,) = signatures[name].structured_input_signature[1:]
        assert arguments == {"latents": tf.TensorSpec((None, 16), tf.float32, name="latents")}
        output = signatures[name].structured_outputs["images"]
        assert output.shape.as_list() == [None, 32, 32, 3] and output.dtype == dtype


def test_images_equal_the_generator_for_any_batch(exported, generator):
    signatures = tf.saved_model.load(exported).signatures
    latents = probe_latents(16, count=5)
    expected = generator(latents)
    assert check_parity(expected, signatures["serving_default"](latents=latents)["images"], 0.01).max_levels < 0.01
    whole = signatures["uint8"](latents=latents[:1])["images"]
    check_parity(pixels.to_uint8(expected[:1]), whole)


def test_each_weight_is_stored_once(exported, generator, tmp_path):
    once = 4 * generator.count_params()
    stored = sum(file.stat().st_size for file in (exported / "variables").iterdir())
    assert once <= stored < 1.1 * once
    # Keras' own export, which writes the variables and their Keras wrappers
    archive = keras.export.ExportArchive()
    archive.track(generator)
    archive.add_endpoint("serve", generator, [tf.TensorSpec((None, 16), tf.float32)])
    archive.write_out(tmp_path / "keras", verbose=False)
    assert sum(file.stat().st_size for file in (tmp_path / "keras" / "variables").iterdir()) > 2 * once


def test_loaded_model_can_be_tuned(exported, generator):
    loaded = tf.saved_model.load(exported)
    assert len(loaded.variables) == len(generator.variables)
    assert len(loaded.trainable_variables) == len(generator.trainable_variables)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(loaded.serve(tf.constant(probe_latents(16)))["images"] ** 2)
    assert all(gradient is not None for gradient in tape.gradient(loss, loaded.trainable_variables))


def test_spec_and_card_lie_beside_the_weights(exported):
    fields = json.loads((exported / "assets.extra" / "spec.json").read_text())
    assert fields.pop("keras_transfer_gen")
    assert ModelSpec.from_dict(fields) == SPEC
    assert (exported / "assets.extra" / "README.md").read_text() == "# Cats\n"


def test_read_saved_model_gives_images_and_spec(exported, generator):
    generate, spec = read_saved_model(exported)
    assert spec == SPEC
    latents = probe_latents(16, count=2)
    images = generate(latents)
    assert images.shape == (2, 32, 32, 3) and images.dtype == tf.float32
    np.testing.assert_allclose(images, generator(latents), atol=1e-5)
    np.testing.assert_array_equal(images, generate(tf.constant(latents)))


def test_loads_in_a_process_without_keras(exported):
    code = (
        "import sys; sys.modules['keras'] = None; sys.modules['tf_keras'] = None\n"
        "import tensorflow as tf\n"
        f"serve = tf.saved_model.load({str(exported)!r}).signatures['serving_default']\n"
        "print(serve(latents=tf.zeros((3, 16)))['images'].shape)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "(3, 32, 32, 3)\n"


def test_bfloat16_generator_is_exported_in_float32(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build_dcgan_generator(32, latent_dim=16, max_channels=32)
    finally:
        keras.config.set_dtype_policy("float32")
    path = write_saved_model(network, SPEC, tmp_path / "1")
    graph = tf.saved_model.load(path).signatures["serving_default"].graph
    nested = [node for function in graph.as_graph_def().library.function for node in function.node_def]
    assert {node.op for node in nested} >= {"Conv2D"}
    assert not any(tf.bfloat16.as_datatype_enum == node.attr["T"].type for node in nested)


def test_mirrored_generator_is_exported(tmp_path):
    devices = [f"CPU:{i}" for i in range(len(tf.config.list_logical_devices("CPU")))]
    strategy = tf.distribute.MirroredStrategy(devices, cross_device_ops=tf.distribute.ReductionToOneDevice())
    with strategy.scope():
        network = build_dcgan_generator(32, latent_dim=16, max_channels=32)
    generate, _ = read_saved_model(write_saved_model(network, SPEC, tmp_path / "1"))
    check_parity(network(probe_latents(16)), generate(probe_latents(16)), 0.01)
    stored = sum(file.stat().st_size for file in (tmp_path / "1" / "variables").iterdir())
    assert stored < 1.2 * 4 * network.count_params()


def test_saved_model_is_replaced_whole(generator, tmp_path):
    path = write_saved_model(generator, SPEC, tmp_path / "1", card="old")
    write_saved_model(generator, SPEC, path)
    assert not (path / "assets.extra" / "README.md").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["1"]


def test_folder_with_other_things_is_refused(generator, tmp_path):
    (tmp_path / "photo.png").write_bytes(b"")
    for path in (tmp_path, tmp_path / "photo.png"):
        with pytest.raises(
            UserFileError, match=r"a new or empty folder, or a SavedModel to replace\. Received: .*--out"
        ):
            write_saved_model(generator, SPEC, path)
    assert [file.name for file in tmp_path.iterdir()] == ["photo.png"]


def test_what_somebody_laid_beside_an_export_is_kept(generator, tmp_path):
    path = write_saved_model(generator, SPEC, tmp_path / "1")
    (path / "notes.txt").write_text("mine")
    (path / ".DS_Store").write_text("")
    with pytest.raises(UserFileError, match=r"nothing but a SavedModel to replace.*it holds notes\.txt\. .*--out"):
        write_saved_model(generator, SPEC, path)
    assert (path / "notes.txt").read_text() == "mine"
    (path / "notes.txt").unlink()
    write_saved_model(generator, SPEC, path)


def test_failing_export_leaves_what_stood_there(generator, tmp_path, monkeypatch):
    path = write_saved_model(generator, SPEC, tmp_path / "1", card="old")

    servable = saved_model._servable

    def garbled(network, latent_dim):
        network.layers[-1].bias.assign([0.5, 0.0, 0.0])
        return servable(network, latent_dim)

    monkeypatch.setattr(saved_model, "_servable", garbled)
    with pytest.raises(ExportError, match="The SavedModel differs from the Keras model by up to "):
        write_saved_model(generator, SPEC, path, card="new")
    assert (path / "assets.extra" / "README.md").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["1"]


def test_read_saved_model_refuses_what_is_not_ours(tmp_path, exported):
    with pytest.raises(
        UserFileError, match=r"`path` must be an existing folder with a SavedModel\. Received: .*absent"
    ):
        read_saved_model(tmp_path / "absent")
    with pytest.raises(UserError, match=r"a SavedModel \(a folder with saved_model\.pb\)"):
        read_saved_model(tmp_path)
    other = tf.Module()
    tf.saved_model.save(other, str(tmp_path / "other"))
    with pytest.raises(UserError, match=r"that keras_transfer_gen exported.*assets\.extra/spec\.json"):
        read_saved_model(tmp_path / "other")
    (tmp_path / "other" / "assets.extra").mkdir()
    (tmp_path / "other" / "assets.extra" / "spec.json").write_text(json.dumps(SPEC.to_dict()))
    with pytest.raises(UserError, match="that keras_transfer_gen exported"):
        read_saved_model(tmp_path / "other")


def test_read_saved_model_says_where_weights_are_broken(tmp_path, generator):
    path = write_saved_model(generator, SPEC, tmp_path / "1")
    (path / "variables" / "variables.index").unlink()
    with pytest.raises(UserFileError, match=r"a SavedModel that can be loaded.*TensorFlow says.*Export it again"):
        read_saved_model(path)
