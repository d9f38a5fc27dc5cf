import json
import os

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.export import parity
from keras_transfer_gen.export.parity import check_parity
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.output.folder_checks import MARK
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from tests import generator_fixtures
from tests.saved_model_fixtures import folder_of, made


def test_generate_writes_numbered_images_of_every_kind_of_model(ktg, finished, tmp_path, read_folder):
    run = RunFolder(finished.out)
    expected = load_gan(finished.out).generate(3, seed=5)
    for number, model in enumerate((finished.out, run.best / "gan.keras", run.saved_model)):
        result = ktg("generate", model, "--num", 3, "--seed", 5, "--out", tmp_path / "made")
        told = f"replaced 3 earlier images in {tmp_path / 'made'}\n" if number else ""
        assert (result.exit_code, result.stderr) == (0, told)
        assert result.stdout == f"wrote 3 images to {tmp_path / 'made'}\n"
        check_parity(expected, read_folder(tmp_path / "made"))
    assert sorted(os.listdir(tmp_path / "made")) == [MARK, "00000.png", "00001.png", "00002.png"]


def test_generate_also_writes_a_grid_and_json(ktg, source_file, tmp_path, read_folder):
    arguments = ("generate", source_file, "--num", 2, "--out", tmp_path / "made", "--grid", tmp_path / "grid.png")
    result = ktg(*arguments, "--truncation", 0.5, "--json")
    assert json.loads(result.stdout) == {
        "model": str(source_file), "num": 2, "seed": 0, "out": str(tmp_path / "made"),
        "grid": str(tmp_path / "grid.png"), "dry_run": False, "replaced": 0,
    }  # fmt: skip
    for option in ("--dry-run", "--seed=1"):
        result = ktg(*arguments[:-2], option, "--json")
        assert json.loads(result.stdout)["replaced"] == 2 and "replace" in result.stderr
    assert result.stderr == f"replaced 2 earlier images in {tmp_path / 'made'}\n"
    ktg(*arguments, "--truncation", 0.5)
    assert np.array_equal(read_folder(tmp_path / "made"), load_gan(source_file).generate(2, truncation=0.5))
    assert tf.io.decode_png((tmp_path / "grid.png").read_bytes()).shape == (32, 64, 3)


def test_files_that_cannot_be_written_are_named_by_their_own_option(ktg, source_file, shared_image_folder, tmp_path):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "sheet.png"
    result = ktg("generate", source_file, "--num", 1, "--out", tmp_path / "made", "--grid", place)
    assert result.exit_code == 2 and result.stderr.endswith("Choose another path with --grid.\n")


def test_generate_makes_images_of_one_class(ktg, tmp_path, read_folder):
    folder = generator_fixtures.folder_of("labelled")
    result = ktg("generate", folder, "--num", 2, "--out", tmp_path / "made", "--class", 3, "--json")
    assert json.loads(result.stdout)["class"] == 3
    assert np.array_equal(read_folder(tmp_path / "made"), open_model(folder).generate(2, label=3))
    result = ktg("generate", folder, "--num", 2, "--out", tmp_path / "b", "--class", 5, "--dry-run")
    assert result.exit_code == 2 and "`class` must be an integer from 0 to 4" in result.stderr


def test_generate_dry_run_writes_nothing(ktg, source_file, tmp_path):
    result = ktg("generate", source_file, "--num", 2, "--out", tmp_path / "made", "--dry-run")
    assert result.stdout == f"would write 2 images to {tmp_path / 'made'}\n" and os.listdir(tmp_path) == []


@pytest.mark.parametrize(("options", "text"), [
    (("--num", 0), "`num` must be an integer of at least 1"),
    (("--seed", -1), "`seed` must be an integer of at least 0"),
    (("--class", -1), "`class` must be an integer of at least 0"),
    (("--class", 0), "`class` must be left out for this model"),
    (("--truncation", 0), "`truncation` must be a number above 0"),
    (("--truncation", 1.5), "`truncation` must be at most 1"),
    (("--grid", "{tmp}/made/grid.png"), "`grid` must be a file outside --out"), (("--grid", "{tmp}"), "not a folder"),
    (("--out", "{tmp}"), "a new or empty folder, or one that an earlier"),
    (("--out", "{tmp}/photo.jpg"), "`out` must be a folder"),
    (("--out", "{tmp}/photo.jpg/made"), "cannot write"),
])  # fmt: skip
def test_generate_refuses_on_one_line_and_leaves_everything(ktg, source_file, tmp_path, options, text):
    (tmp_path / "photo.jpg").write_text("dear")
    options = [str(option).format(tmp=tmp_path) for option in options]
    result = ktg("generate", source_file, "--num", 1, "--out", tmp_path / "made", *options)
    assert result.exit_code == 2 and text in result.stderr and result.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["photo.jpg"] and (tmp_path / "photo.jpg").read_text() == "dear"


@pytest.mark.usefixtures("quick_scores")
def test_evaluate_measures_every_kind_of_model(ktg, finished, shared_image_folder):
    found = [
        json.loads(ktg("evaluate", model, "--data", shared_image_folder, "--num", 12, "--json").stdout)
        for model in (finished.out, RunFolder(finished.out).saved_model)
    ]
    metrics = json.loads(RunFolder(finished.out).metrics_file.read_text())
    assert found[0]["kid"]["value"] == pytest.approx(metrics["kid_after"]["value"])
    assert found[1]["kid"]["value"] == pytest.approx(found[0]["kid"]["value"], abs=1.0)


@pytest.mark.usefixtures("quick_scores")
def test_evaluate_compares_two_folders(ktg, shared_image_folder, tmp_path):
    options = ("--fake", shared_image_folder, "--real", shared_image_folder, "--image-size", 32)
    result = ktg("evaluate", *options, "--neighbours", tmp_path / "n.png")
    assert result.exit_code == 0 and "near-copies\t100.0 %\t" in result.stdout
    assert result.stdout.splitlines()[-1].startswith(f"against 12 images of {shared_image_folder}")
    expected = "precision, recall, density and coverage mislead with few images: 12 made and 12 real ones"
    assert expected in result.stderr and "train" not in result.stdout
    found = json.loads(ktg("evaluate", *options, "--json").stdout)["memorisation"]
    assert found["real_count"] == 12 and not [name for name in found if "train" in name]
    assert tf.io.decode_png((tmp_path / "n.png").read_bytes()).shape == (96, 408, 3)


def test_evaluate_dry_run_says_what_would_be_compared(ktg, source_file, shared_image_folder):
    result = ktg("evaluate", source_file, "--data", shared_image_folder, "--dry-run")
    assert result.stdout.splitlines()[0] == "made\t500" and "real\t12" in result.stdout
    options = ("--fake", shared_image_folder, "--real", shared_image_folder, "--dry-run", "--json")
    assert json.loads(ktg("evaluate", *options).stdout)["made"] == 12


@pytest.mark.parametrize(("arguments", "text"), [
    ((), "give a MODEL and --data, or --fake and --real"), (("{model}",), "give a MODEL and --data"),
    (("{model}", "--data", "{data}", "--fake", "{data}"), "give a MODEL and --data"),
    (("--fake", "{data}"), "give a MODEL"),
    (("--fake", "{data}", "--real", "{data}", "--labels", 3), "what describes a MODEL (--labels and the like)"),
    (("{model}", "--data", "{data}", "--num", 9), "`num` must be an integer of at least 10"),
    (("{model}", "--data", "nowhere"), "`data` must be"),
    (("--fake", "nowhere", "--real", "{data}"), "Check fake= (--fake)."),
    (("--fake", "{data}", "--real", "nowhere"), "Check real= (--real)."),
    (("nowhere", "--data", "{data}"), "`model` must be a preset"),
    (("{model}", "--data", "{few}"), "Give more images with data= or --data."),
    (("--fake", "{few}", "--real", "{data}"), "Give more images with fake= or --fake."),
    (("--fake", "{data}", "--real", "{few}"), "`real` must be at least 10 usable images"),
    (("--fake", "{data}", "--real", "{data}", "--image-size", 3), "`image_size` must be an integer from 4"),
])  # fmt: skip
def test_evaluate_refuses_on_one_line(ktg, source_file, shared_image_folder, tmp_path, sample_images, arguments, text):
    np.save(tmp_path / "few.npy", sample_images[:9])
    names = {"model": source_file, "data": shared_image_folder, "few": tmp_path / "few.npy"}
    result = ktg("evaluate", *[str(argument).format(**names) for argument in arguments])
    assert result.exit_code == 2 and text in result.stderr and result.stderr.count("\n") == 1 and result.stdout == ""


def test_export_writes_both_formats(ktg, finished, source_file, tmp_path):
    for model, kind, out in ((finished.out, "saved_model", "serving/1"), (source_file, "tflite", "a.tflite")):
        plan = ktg("export", model, "--format", kind, "--out", tmp_path / out, "--dry-run", "--json")
        assert json.loads(plan.stdout)["dry_run"] and not (tmp_path / out).exists()
        result = ktg("export", model, "--format", kind, "--out", tmp_path / out)
        assert result.exit_code == 0 and result.stdout == f"wrote and checked {tmp_path / out}\n"
    assert (tmp_path / "serving" / "1" / "saved_model.pb").is_file() and (tmp_path / "a.tflite").is_file()


@pytest.mark.parametrize(("model", "kind", "out", "text"), [
    ("{model}", "onnx", "{tmp}/a", "`format` must be one of 'saved_model', 'tflite'"),
    ("nowhere", "tflite", "{tmp}/a", "`model` must be a preset"),
    ("{flat}", "tflite", "{tmp}/a", "`model` must be a generator with latents"),
    ("{model}", "tflite", "{tmp}", "`out` must be a file, not a folder"),
    ("{model}", "saved_model", "{tmp}", "`out` must be a new or empty folder, or a SavedModel to replace"),
])  # fmt: skip
def test_export_refuses_on_one_line(ktg, source_file, tmp_path, model, kind, out, text):
    (tmp_path / "photo.jpg").write_text("dear")
    names = {"model": source_file, "flat": folder_of("tf1"), "tmp": tmp_path}
    result = ktg("export", model.format(**names), "--format", kind, "--out", out.format(**names))
    assert result.exit_code == 2 and text in result.stderr and result.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["photo.jpg"]


def test_export_fixes_the_batch_size_of_a_tflite_file_alone(ktg, source_file, tmp_path):
    made = ktg("export", source_file, "--format", "tflite", "--batch-size", 3, "--out", tmp_path / "a.tflite", "--json")
    assert json.loads(made.stdout)["batch_size"] == 3
    (latents,) = parity._interpreter()(model_path=str(tmp_path / "a.tflite")).get_input_details()
    assert list(latents["shape"]) == [3, 16]
    for kind, size, text in (("saved_model", 3, "`batch_size` must be left out with"), ("tflite", 0, "at least 1")):
        result = ktg("export", source_file, "--format", kind, "--batch-size", size, "--out", tmp_path / "b")
        assert result.exit_code == 2 and text in result.stderr and result.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["a.tflite"]


@pytest.fixture
def painter(tmp_path):
    """A SavedModel of others: 6 latents to images of 32 px in [-1, 1]."""
    root = tf.Module()
    z = tf.TensorSpec((None, 6), tf.float32, name="z")
    root.__call__ = tf.function(lambda z: tf.tanh(tf.reshape(tf.tile(z, [1, 512]), (-1, 32, 32, 3))), [z])
    tf.saved_model.save(root, str(tmp_path / "model"))
    return tmp_path / "model"


def test_generate_and_evaluate_take_a_saved_model_of_others(ktg, tmp_path, painter, image_folder, read_folder):
    model = painter
    result = ktg("generate", model, "--num", 3, "--out", tmp_path / "made", "--json")
    assert result.exit_code == 0 and read_folder(tmp_path / "made").shape == (3, 32, 32, 3)
    result = ktg("evaluate", model, "--data", image_folder, "--num", 12, "--dry-run", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)["real"] == 12


@pytest.mark.usefixtures("quick_scores")
def test_evaluate_takes_images_of_whatever_size_and_channels_a_model_of_others_makes(ktg, shared_image_folder):
    result = ktg("evaluate", made("painters")[0] / "unit", "--data", shared_image_folder, "--num", 12, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["kid"]["value"] > 0 and found["memorisation"]["real_count"] == 12


@pytest.mark.parametrize("more", [("generate", "--out", "out"), ("evaluate", "--data", "nowhere")])
def test_model_from_the_web_needs_trust(ktg, more):
    result = ktg(more[0], "https://tfhub.dev/google/progan-128/1", *more[1:])
    assert result.exit_code == 2 and "`model` must be a model that you trust" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", ["saved_model", "tflite"])
def test_export_takes_a_saved_model_of_others_and_what_is_said_of_it(ktg, painter, tmp_path, kind, read_folder):
    out = tmp_path / ("1" if kind == "saved_model" else "a.tflite")
    refused = ktg("export", painter, "--format", kind, "--out", out, "--latent-dim", 7)
    assert refused.exit_code == 2 and "`latent_dim` must be 6" in refused.stderr and not out.exists()
    result = ktg("export", painter, "--format", kind, "--out", out, "--distribution", "uniform")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"wrote and checked {out}\n" and out.exists()
    if kind == "saved_model":
        found = json.loads(ktg("info", out, "--json").stdout)
        assert (found["distribution"], found["latent_dim"], found["image_size"]) == ("uniform", 6, 32)
        ktg("generate", painter, "--num", 3, "--distribution", "uniform", "--out", tmp_path / "a")
        ktg("generate", out, "--num", 3, "--out", tmp_path / "b")
        check_parity(read_folder(tmp_path / "a"), read_folder(tmp_path / "b"))
