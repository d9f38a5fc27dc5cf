import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.tools.saved_model_cli import run_saved_model_with_feed_dict

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.export.parity import check_outputs, probe_latents
from keras_transfer_gen.export.saved_model import check_folder, read_saved_model, write_saved_model
from keras_transfer_gen.saved_model_layout import CARD_FILE, SPEC_FILE
from keras_transfer_gen.specs import ModelSpec
from tests.export.small_models import SPEC


def test_signatures_are_those_that_serving_expects(saved_models):
    signatures = tf.saved_model.load(saved_models["generator"]).signatures
    for name, dtype in (("serving_default", tf.float32), ("uint8", tf.uint8)):
        (arguments,) = signatures[name].structured_input_signature[1:]
        assert arguments == {"latents": tf.TensorSpec((None, 6), tf.float32, name="latents")}
        output = signatures[name].structured_outputs["images"]
        assert output.shape.as_list() == [None, 28, 28, 3] and output.dtype == dtype


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_signature_runs_by_the_command_line_of_tensorflow(servables, saved_models, tmp_path, capsys):
    """`saved_model_cli run` calls a signature through a session, as TF Serving does."""
    for kind, names in (("labels", servables["labels"].functions), ("vae", ("encode", "decode", "reconstruct"))):
        for name in names:
            function = servables[kind].functions[name]
            signature, out = ("serving_default" if name == "serve" else name), tmp_path / kind / name
            run_saved_model_with_feed_dict(
                str(saved_models[kind]), "serve", signature, function.examples, str(out), overwrite_flag=True
            )
            outputs = {key: np.load(out / f"{key}.npy", allow_pickle=True) for key in function.expected}
            check_outputs(function, outputs, name)
    assert "Result for output key png_bytes" in capsys.readouterr().out


def test_export_of_keras_would_store_each_weight_twice(models, tmp_path):
    generator = models["labels"]
    archive = keras.export.ExportArchive()  # writes the variables and their Keras wrappers
    archive.track(generator)
    archive.add_endpoint("serve", generator, [keras.tree.map_structure(_spec, generator.input)])
    archive.write_out(tmp_path / "keras", verbose=False)
    stored = sum(file.stat().st_size for file in (tmp_path / "keras" / "variables").glob("*.data*"))
    assert stored >= 2 * 4 * generator.count_params()


def _spec(tensor):
    return tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name)


def test_loaded_model_can_be_tuned(saved_models, models):
    loaded, generator = tf.saved_model.load(saved_models["generator"]), models["generator"]
    assert len(loaded.variables) == len(generator.variables)
    assert len(loaded.trainable_variables) == len(generator.trainable_variables)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(loaded.serve(tf.constant(probe_latents(6)))["images"] ** 2)
    assert all(gradient is not None for gradient in tape.gradient(loss, loaded.trainable_variables))


def test_spec_and_card_lie_beside_the_weights(saved_models):
    fields = json.loads((saved_models["generator"] / SPEC_FILE).read_text())
    assert fields.pop("keras_transfer_gen")
    assert ModelSpec.from_dict(fields) == SPEC
    assert (saved_models["generator"] / CARD_FILE).read_text() == "# Cats\n"


def test_read_saved_model_gives_images_and_spec(saved_models, models):
    generate, spec = read_saved_model(saved_models["generator"])
    assert spec == SPEC
    latents = probe_latents(6, count=2)
    images = generate(latents)
    assert images.shape == (2, 28, 28, 3) and images.dtype == tf.float32
    np.testing.assert_allclose(images, models["generator"](latents), atol=1e-5)
    np.testing.assert_array_equal(images, generate(tf.constant(latents)))
    generate, _ = read_saved_model(saved_models["labels"])
    inputs = {"latents": latents, "labels": np.array([2, 0])}
    np.testing.assert_allclose(generate(inputs), models["labels"](inputs), atol=1e-5)


def test_what_somebody_laid_beside_an_export_is_kept(servables, tmp_path):
    path = tmp_path / "1"
    path.mkdir()
    for name in ("saved_model.pb", "notes.txt", ".DS_Store"):
        (path / name).write_text("mine")
    with pytest.raises(UserFileError, match=r"nothing but a SavedModel to replace.*it holds notes\.txt\. .*--out"):
        write_saved_model(servables["labels"], path)
    assert (path / "notes.txt").read_text() == "mine"
    (path / "notes.txt").unlink()
    assert (write_saved_model(servables["labels"], path) / SPEC_FILE).is_file()


def test_no_saved_model_lies_in_another(servables, tmp_path):
    cats = tmp_path / "serving" / "cats"
    (cats / "1").mkdir(parents=True)
    (cats / "1" / "saved_model.pb").touch()
    with pytest.raises(UserFileError, match=r"It holds the SavedModel 1\. Write beside it, with .*--out .*cats/2\."):
        write_saved_model(servables["labels"], cats)
    assert [path.name for path in cats.iterdir()] == ["1"]
    assert check_folder(cats / "2") is None
    (cats / "saved_model.pb").touch()
    for inner in (cats / "2", cats / "assets" / "1"):
        with pytest.raises(
            UserFileError, match=r"a folder outside of every SavedModel.*cats is a SavedModel\. Move it"
        ):
            write_saved_model(servables["labels"], inner)
    assert sorted(path.name for path in cats.iterdir()) == ["1", "saved_model.pb"]


def test_relative_folder_in_a_saved_model_is_refused(tmp_path, monkeypatch):
    (tmp_path / "saved_model.pbtxt").touch()
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    with pytest.raises(UserFileError, match="outside of every SavedModel"):
        write_saved_model(None, "1")


def test_read_saved_model_refuses_what_is_not_ours(tmp_path):
    with pytest.raises(
        UserFileError, match=r"`path` must be an existing folder with a SavedModel\. Received: .*absent"
    ):
        read_saved_model(tmp_path / "absent")
    with pytest.raises(UserError, match=r"a SavedModel \(a folder with saved_model\.pb\)"):
        read_saved_model(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(UserError, match=r"that keras_transfer_gen exported.*assets\.extra/spec\.json"):
        read_saved_model(tmp_path)
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / SPEC_FILE).write_text(json.dumps(SPEC.to_dict()))
    with pytest.raises(UserError, match="that keras_transfer_gen exported"):
        read_saved_model(tmp_path)


def test_read_saved_model_says_where_weights_are_broken(tmp_path, saved_models):
    path = shutil.copytree(saved_models["labels"], tmp_path / "1")
    (path / "variables" / "variables.index").unlink()
    with pytest.raises(UserFileError, match=r"a SavedModel that can be loaded.*TensorFlow says.*Export it again"):
        read_saved_model(path)
