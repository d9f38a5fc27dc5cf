"""What an export must do, whatever the model and the format."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.export.parity import ExportError
from keras_transfer_gen.export.run_tflite import run_tflite_function
from keras_transfer_gen.export.saved_model import write_saved_model
from keras_transfer_gen.export.tflite import write_tflite
from tests.export.small_models import wrong_weights

KINDS = ("generator", "labels", "vae")
WRITERS = {"1": write_saved_model, "cats.tflite": write_tflite}  # the name of what is written -> its function
FAILING = [("labels", "1"), ("labels", "cats.tflite"), ("vae", "1")]


def rows(servable, count, seed=1):
    """Inputs of every kind, other ones than those on which the export was compared: {input: array}."""
    rng, spec = np.random.default_rng(seed), servable.spec
    return {
        "latents": rng.standard_normal((count, spec.latent_dim)).astype(np.float32),
        "labels": rng.integers(0, max(spec.num_classes, 1), count).astype(np.int32),
        "images": rng.uniform(-1, 1, (count, spec.image_size, spec.image_size, spec.channels)).astype(np.float32),
    }


def keras_outputs(kind, model, name, inputs):
    """What the Keras model gives: {output: array} of the function `name`."""
    if kind == "vae":
        if name == "encode":
            return dict(zip(("z_mean", "z_log_var"), model.encoder(inputs["images"], training=False), strict=True))
        if name == "reconstruct":
            latents = model.encoder(inputs["images"], training=False)[0]
        else:
            latents = inputs["latents"] if name == "decode" else model.prior(inputs["latents"])
        images = model.decoder(latents, training=False)
    else:
        labelled = {name: inputs[name] for name in ("latents", "labels")}
        images = model(labelled if kind == "labels" else inputs["latents"], training=False)
    return {"images": np.rint((np.asarray(images) + 1) * 127.5) if name == "uint8" else images}


def check_function(kind, model, servable, name, call):
    """Compares an exported function with the Keras model, for batches of one and of three."""
    for count in (1, 3):
        inputs = rows(servable, count)
        needed = {spec.name: inputs[spec.name] for spec in servable.functions[name].inputs}
        outputs, expected = call(needed), keras_outputs(kind, model, name, inputs)
        assert set(outputs) == set(expected)
        for output, value in expected.items():
            actual = np.asarray(outputs[output])
            if name == "uint8":
                assert actual.dtype == np.uint8 and np.abs(actual.astype(float) - value).max() <= 1
            else:
                assert actual.dtype == np.float32 and actual.shape == value.shape
                np.testing.assert_allclose(actual, value, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_every_signature_gives_what_the_model_gives_at_any_batch_size(kind, models, servables, saved_models):
    loaded = tf.saved_model.load(str(saved_models[kind]))
    assert set(loaded.signatures) == {"serving_default", *servables[kind].functions} - {"serve"}
    for name in [name for name, function in servables[kind].functions.items() if not function.is_of_scalars]:
        signature = loaded.signatures["serving_default" if name == "serve" else name]

        def call(inputs, signature=signature):
            return signature(**{key: tf.constant(value) for key, value in inputs.items()})

        check_function(kind, models[kind], servables[kind], name, call)


@pytest.mark.parametrize("kind", KINDS)
def test_every_tflite_part_gives_what_the_model_gives_for_any_number_of_rows(kind, models, servables, tflite_files):
    for part, name in servables[kind].parts.items():
        file = tflite_files[kind, part]
        check_function(
            kind, models[kind], servables[kind], name, lambda inputs, file=file: run_tflite_function(file, inputs)
        )


def test_saved_models_load_in_a_fresh_process_without_keras(servables, saved_models):
    code = ["import sys; sys.modules['keras'] = None; sys.modules['tf_keras'] = None", "import tensorflow as tf"]
    for kind in KINDS:
        inputs = ["latents=tf.ones((1, 6))", "labels=tf.ones((1,), tf.int32)"][: 1 + (kind == "labels")]
        inputs = ["latents=tf.ones((1, 5))"] if kind == "vae" else inputs
        serve = f"tf.saved_model.load({str(saved_models[kind])!r})"
        code += [f"model = {serve}", f"images = model.signatures['serving_default']({', '.join(inputs)})['images']"]
        code += ["print(float(tf.reduce_sum(images)))"]
    done = subprocess.run([sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, check=True)
    for kind, printed in zip(KINDS, done.stdout.split(), strict=True):
        compute = servables[kind].functions["serve"].compute
        inputs = (tf.ones((1, servables[kind].spec.latent_dim)), tf.ones((1,), tf.int32))[: 1 + (kind == "labels")]
        expected = float(tf.reduce_sum(compute(*inputs)["images"]))
        assert float(printed) == pytest.approx(expected, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize(("kind", "name"), FAILING)
def test_failing_export_leaves_what_stood_there_and_no_new_folder(kind, name, servables, saved_models, tmp_path):
    write, wrong = WRITERS[name], wrong_weights(servables[kind])
    with pytest.raises(ExportError, match=r"The (SavedModel|TFLite file) differs from the Keras model by up to \d+"):
        write(wrong, tmp_path / "new" / "newer" / name)
    assert list(tmp_path.iterdir()) == []
    if write is write_tflite:
        (tmp_path / name).write_bytes(b"old.TFL3")
    else:
        (tmp_path / name / "assets.extra").mkdir(parents=True)
        (tmp_path / name / "saved_model.pb").write_bytes(b"old")
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    with pytest.raises(ExportError):
        write(wrong, tmp_path / name)
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("name", WRITERS)
def test_earlier_export_is_replaced_whole(name, servables, tmp_path):
    write = WRITERS[name]
    path = write(servables["generator"], tmp_path / name)
    if path.is_dir():
        (path / "assets.extra" / "README.md").write_text("of the earlier one")
    write(servables["labels"], path)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert not (path / "assets.extra" / "README.md").exists()


@pytest.mark.parametrize("name", WRITERS)
def test_files_of_others_are_refused_and_kept(name, servables, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0 a photo")
    for path in (photos, photos / "a.jpg"):
        with pytest.raises(checks.UserFileError, match=r"`path` must be .*Received: path='.*photos.*path= or --out"):
            WRITERS[name](servables["labels"], path)
    assert (photos / "a.jpg").read_bytes().endswith(b"a photo")
    assert [entry.name for entry in photos.iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("kind", ["generator", "vae"])
def test_each_weight_is_stored_once(kind, servables, saved_models, tflite_files):
    once = 4 * sum(int(np.prod(variable.shape)) for variable in servables[kind].variables)
    stored = sum(file.stat().st_size for file in (saved_models[kind] / "variables").iterdir())
    assert once <= stored < 1.05 * once + 10_000
    if kind == "generator":
        assert 0.95 * once < tflite_files[kind, "sampler"].stat().st_size < once + 20_000
