import json
import os

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.export.parity import check_parity
from keras_transfer_gen.recipes.load import load_gan
from keras_transfer_gen.recipes.picture_folder import MARK
from keras_transfer_gen.recipes.run_folder import RunFolder


def pictures_of(folder):
    return np.stack([tf.io.decode_png(path.read_bytes()).numpy() for path in sorted(folder.glob("*.png"))])


def test_generate_writes_numbered_pictures_of_every_kind_of_model(ktg, finished, tmp_path):
    run = RunFolder(finished.out)
    expected = load_gan(finished.out).generate(3, seed=5)
    checkpoint = run.adapted / "step-000000005" / "gan.keras"
    for model in (finished.out, checkpoint, run.saved_model):
        result = ktg("generate", model, "--num", 3, "--seed", 5, "--out", tmp_path / "made")
        assert result.exit_code == 0 and result.stdout == f"wrote 3 pictures to {tmp_path / 'made'}\n"
        check_parity(expected, pictures_of(tmp_path / "made"))
    assert sorted(os.listdir(tmp_path / "made")) == [MARK, "00000.png", "00001.png", "00002.png"]


def test_generate_also_writes_a_grid_and_json(ktg, source_file, tmp_path):
    arguments = ("generate", source_file, "--num", 2, "--out", tmp_path / "made", "--grid", tmp_path / "grid.png")
    result = ktg(*arguments, "--truncation", 0.5, "--json")
    assert json.loads(result.stdout) == {
        "model": str(source_file), "num": 2, "seed": 0, "out": str(tmp_path / "made"),
        "grid": str(tmp_path / "grid.png"), "dry_run": False,
    }  # fmt: skip
    assert np.array_equal(pictures_of(tmp_path / "made"), load_gan(source_file).generate(2, truncation=0.5))
    assert tf.io.decode_png((tmp_path / "grid.png").read_bytes()).shape == (32, 64, 3)


def test_generate_dry_run_writes_nothing(ktg, source_file, tmp_path):
    result = ktg("generate", source_file, "--num", 2, "--out", tmp_path / "made", "--dry-run")
    assert result.stdout == f"would write 2 pictures to {tmp_path / 'made'}\n" and os.listdir(tmp_path) == []


@pytest.mark.parametrize(("options", "text"), [
    (("--num", 0), "`num` must be an integer of at least 1"),
    (("--seed", -1), "`seed` must be an integer of at least 0"),
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
def test_evaluate_measures_every_kind_of_model(ktg, finished, shared_folder):
    found = [
        json.loads(ktg("evaluate", model, "--data", shared_folder, "--num", 12, "--json").stdout)
        for model in (finished.out, RunFolder(finished.out).saved_model)
    ]
    metrics = json.loads(RunFolder(finished.out).metrics_file.read_text())
    assert found[0]["kid"]["value"] == pytest.approx(metrics["kid_after"]["value"])
    assert found[1]["kid"]["value"] == pytest.approx(found[0]["kid"]["value"], abs=1.0)


@pytest.mark.usefixtures("quick_scores")
def test_evaluate_compares_two_folders(ktg, shared_folder, tmp_path):
    options = ("--fake", shared_folder, "--real", shared_folder, "--image-size", 32)
    result = ktg("evaluate", *options, "--neighbours", tmp_path / "n.png")
    assert result.exit_code == 0 and "near-copies\t100.0 %\t" in result.stdout
    assert result.stdout.splitlines()[-1].startswith(f"against 12 pictures of {shared_folder}")
    assert tf.io.decode_png((tmp_path / "n.png").read_bytes()).shape == (72, 408, 3)


def test_evaluate_dry_run_says_what_would_be_compared(ktg, source_file, shared_folder):
    result = ktg("evaluate", source_file, "--data", shared_folder, "--dry-run")
    assert result.stdout.splitlines()[0] == "made\t500" and "real\t12" in result.stdout
    options = ("--fake", shared_folder, "--real", shared_folder, "--dry-run", "--json")
    assert json.loads(ktg("evaluate", *options).stdout)["made"] == 12


@pytest.mark.parametrize(("arguments", "text"), [
    ((), "give a MODEL and --data, or --fake and --real"), (("{model}",), "give a MODEL and --data"),
    (("{model}", "--data", "{data}", "--fake", "{data}"), "give a MODEL and --data"),
    (("--fake", "{data}"), "give a MODEL"),
    (("{model}", "--data", "{data}", "--num", 9), "`num` must be an integer of at least 10"),
    (("{model}", "--data", "nowhere"), "nothing at this path"),
    (("nowhere", "--data", "{data}"), "`model` must be a preset"),
    (("{model}", "--data", "{few}"), "`real` must be at least 10 usable pictures"),
    (("--fake", "{few}", "--real", "{data}"), "`made` must be at least 10 usable pictures"),
    (("--fake", "{data}", "--real", "{data}", "--image-size", 48), "`image_size` must be one of"),
])  # fmt: skip
def test_evaluate_refuses_on_one_line(ktg, source_file, shared_folder, tmp_path, pictures, arguments, text):
    np.save(tmp_path / "few.npy", pictures[:9])
    names = {"model": source_file, "data": shared_folder, "few": tmp_path / "few.npy"}
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
    ("{served}", "tflite", "{tmp}/a", "A SavedModel has no discriminator"),
    ("{model}", "tflite", "{tmp}", "a file, not a folder"),
    ("{model}", "saved_model", "{tmp}", "a new or empty folder, or a SavedModel to replace"),
])  # fmt: skip
def test_export_refuses_on_one_line(ktg, source_file, finished, tmp_path, model, kind, out, text):
    (tmp_path / "photo.jpg").write_text("dear")
    names = {"model": source_file, "served": RunFolder(finished.out).saved_model, "tmp": tmp_path}
    result = ktg("export", model.format(**names), "--format", kind, "--out", out.format(**names))
    assert result.exit_code == 2 and text in result.stderr and result.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["photo.jpg"]
