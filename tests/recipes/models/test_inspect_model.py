import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.inspect_model import inspect_model
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides
from tests import generator_fixtures
from tests.saved_model_fixtures import folder_of, saved

NAMES = ("plain", "unit", "bytes", "one_hot", "lists")


def run(program, folder):
    """Runs a program in a folder as a process of its own; returns what it printed."""
    command = [sys.executable, "-W", "error", "-c", program]
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("name", NAMES)
def test_program_has_at_most_15_lines_and_runs(name, tmp_path, monkeypatch):
    inspection = inspect_model(saved("renderers")[0] / name)
    assert len(inspection.program.splitlines()) <= 15
    monkeypatch.chdir(tmp_path)
    exec(inspection.program, {})
    written = sorted(tmp_path.glob("*.png"))
    images = np.stack([tf.io.decode_png(path.read_bytes()).numpy() for path in written])
    spec, count = inspection.generator.spec, inspection.measured.batch or 16
    assert images.shape == (count, spec.image_size, spec.image_size, spec.channels)
    # The same latents and classes as the program's, through the measured function.
    rng = np.random.default_rng(0)
    z = rng.standard_normal((count, spec.latent_dim), np.float32)
    labels = rng.integers(spec.num_classes, size=count, dtype="int32") if spec.num_classes else None
    expected = (inspection.measured(z, labels) + 1) * 127.5
    assert np.abs(images - expected.clip(0, 255)).max() <= 0.51


def unusual(folder, layout, *specs):
    """A SavedModel with images of 2 x 2 of 12 latents in a layout, in a folder; takes one-hot or float classes."""

    def render(z, *label):
        images = tf.tanh(tf.reshape(tf.tile(z, [1, 2])[:, :16] * 2.0, (-1, 2, 2, 4)))
        shift = tf.reshape(tf.reduce_sum(label[0], axis=1) / 99.0, (-1, 1, 1, 1)) if label else 0.0
        layouts = {"RGBA": images, "grey and alpha": images[..., 2:]}.get(layout, images[..., :3] - shift)
        return tf.transpose(layouts, (0, 3, 1, 2)) if layout == "NCHW" else layouts

    def call(z, *label):
        return render(tf.reshape(z, (-1, 12)), *label)

    root = tf.Module()
    root.__call__ = tf.function(call, input_signature=specs)
    tf.saved_model.save(root, str(folder))
    return folder


FLAT, DEEP = tf.TensorSpec((None, 12), name="z"), tf.TensorSpec((None, 12, 1, 1), name="z")


@pytest.mark.parametrize(("layout", "specs", "overrides"), [
    ("NCHW", (DEEP,), {"latent_distribution": "uniform"}), ("RGBA", (FLAT,), {"latent_distribution": "sphere"}),
    ("grey and alpha", (FLAT,), {"latent_distribution": "truncated_normal"}),
    ("NHWC", (FLAT, tf.TensorSpec((None, 1), name="label")), {"labels": 5}),
    ("RGBA", (FLAT, tf.TensorSpec((None, 1), name="psi")), {}),
    ("NCHW", (DEEP, tf.TensorSpec((None, 4), name="y")), {"latent_distribution": "sphere", "latent_dim": 12}),
])  # fmt: skip
def test_program_knows_layouts_distributions_and_forms_of_labels(layout, specs, overrides, tmp_path, monkeypatch):
    inspection = inspect_model(unusual(tmp_path / "model", layout, *specs), overrides=SpecOverrides(**overrides))
    assert len(inspection.program.splitlines()) <= 15, inspection.program
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(inspection.program, names)
    images = np.stack([tf.io.decode_png(path.read_bytes()).numpy() for path in sorted(tmp_path.glob("*.png"))])
    spec = inspection.generator.spec
    assert images.shape == (16, 2, 2, spec.channels) and spec.channels == (1 if "grey" in layout else 3)
    z, labels = np.array(names["latents"]), names.get("labels")
    if labels is not None:
        assert labels.shape == (16, 1 if "labels" in overrides else 4)
        labels = labels[:, 0].astype(int) if "labels" in overrides else labels.argmax(1)
    assert np.abs(images - ((inspection.measured(z, labels) + 1) * 127.5).clip(0, 255)).max() <= 0.51
    distribution = overrides.get("latent_distribution", "normal")
    length = np.linalg.norm(z, axis=1)
    assert {"uniform": np.abs(z).max() <= 1, "sphere": np.allclose(length, 12**0.5), "normal": z.max() > 2}.get(
        distribution, 1 < np.abs(z).max() <= 2
    )


def test_override_that_contradicts_the_model_is_an_error():
    with pytest.raises(checks.UserError, match="`latent_dim` must be 6"):
        inspect_model(saved("renderers")[0] / "plain", overrides=SpecOverrides(latent_dim=7))


def test_variables_come_from_the_source():
    assert {row.source for row in inspect_model(saved("renderers")[0] / "plain").variables.rows} == {"plain"}


def test_program_runs_as_a_process_of_its_own(tmp_path):
    run(inspect_model(saved("renderers")[0] / "plain").program, tmp_path)
    assert len(list(tmp_path.glob("*.png"))) == 16


@pytest.mark.parametrize(("kind", "shape"), [("tf1", "(1, 4)"), ("module", "(1, 4)")])
def test_program_of_what_is_no_generator_runs_it(kind, shape, capsys):
    inspection = inspect_model(folder_of(kind))
    exec(inspection.program, {})
    assert f"shape={shape}" in capsys.readouterr().out
    assert inspection.generator is None and "It offers" in inspection.no_generator


def test_variables_and_training_mode_are_reported():
    inspection = inspect_model(folder_of("module"))
    assert inspection.has_training_mode and inspection.trained.startswith("It can be trained: 4 of 6 variables")
    assert {row.path: row.trainable for row in inspection.variables.rows}["centre"] is False
    plain = inspect_model(saved("renderers")[0] / "unit")
    assert not plain.has_training_mode and "without a training mode" in plain.trained
    assert sorted((row.path, row.shape) for row in plain.variables.rows) == [
        ("generator/mix", (6, 192)),
        ("generator/table", (7, 192)),
    ]


def test_images_of_whole_numbers_pass_no_gradient():
    assert "Its images are whole numbers" in inspect_model(generator_fixtures.folder_of("whole_numbers")).trained
    assert "whole numbers" not in inspect_model(generator_fixtures.folder_of("plain")).trained


def test_model_without_a_default_is_shown_by_its_first_function(capsys):
    inspection = inspect_model(saved("functions")[0])
    assert inspection.trained.startswith("It has no variables that can be trained")
    assert {row["name"] for row in inspection.interfaces} == {"pick", "double"}
    exec(inspection.program, {})
    assert "tf.Tensor" in capsys.readouterr().out


def test_dict_is_ready_for_json():
    inspection = inspect_model(saved("renderers")[0] / "one_hot").to_dict()
    assert json.loads(json.dumps(inspection)) == inspection
    assert inspection["spec"]["num_classes"] == 7 and inspection["inputs"]["y"] == "one-hot classes"
    none = inspect_model(folder_of("tf1")).to_dict()
    assert json.loads(json.dumps(none)) == none and none["spec"] is none["inputs"] is None


def test_exported_model_keeps_its_own_spec(finished, tmp_path, monkeypatch):
    inspection = inspect_model(RunFolder(finished.out).saved_model)
    assert inspection.generator.spec.licence == "CC0-1.0" and inspection.measured.spec.latent_dim == 16
    monkeypatch.chdir(tmp_path)
    exec(inspection.program, {})
    assert len(list(tmp_path.glob("*.png"))) == 16


def test_other_kinds_of_models_are_sent_to_info(source_file):
    with pytest.raises(checks.UserError, match=f"`source` must be a SavedModel.*`ktg info {source_file} --layers`"):
        inspect_model(source_file)


def test_archive_is_unpacked_by_the_program_as_well(tmp_path, monkeypatch):
    import tarfile

    with tarfile.open(tmp_path / "plain.tar.gz", "w:gz") as archive:
        archive.add(saved("renderers")[0] / "plain", "plain")
    inspection = inspect_model(tmp_path / "plain.tar.gz")
    assert "fetch_saved_model(" in inspection.program and inspection.generator.spec.image_size == 8
    monkeypatch.chdir(tmp_path)
    exec(inspection.program, {})
    assert len(list(tmp_path.glob("*.png"))) == 16


def test_remote_model_is_refused_without_trust():
    with pytest.raises(checks.UserError, match="a model that you trust.*--trust"):
        inspect_model("https://tfhub.dev/google/progan-128/1")


def test_distribution_of_an_export_is_that_of_its_spec(finished, tmp_path):
    folder = tmp_path / "uniform"
    shutil.copytree(RunFolder(finished.out).saved_model, folder)
    spec = json.loads((folder / "assets.extra" / "spec.json").read_text())
    (folder / "assets.extra" / "spec.json").write_text(json.dumps({**spec, "distribution": "uniform"}))
    inspection = inspect_model(folder)
    assert "rng.uniform(-1, 1, (16, 16))" in inspection.program and "standard_normal" not in inspection.program
    assert inspection.measured.reasons["distribution"] == "the SavedModel's own spec.json says"
    reason = inspect_model(folder, overrides=SpecOverrides(latent_distribution="uniform")).measured.reasons[
        "distribution"
    ]
    assert reason == "given with latent_distribution= (--latent-distribution), as the SavedModel's own spec.json says"
