import json
import os

import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.export.parity import check_parity, probe_latents
from keras_transfer_gen.export.run_tflite import run_tflite
from keras_transfer_gen.export.saved_model import read_saved_model
from keras_transfer_gen.recipes.inputs.run_images import read_run_images
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.settings.defaults import FAR, FAR_RATIO, NEAR_RATIO
from keras_transfer_gen.recipes.training.gan.curve import SELECTIONS
from keras_transfer_gen.training.callbacks import read_history


def test_run_holds_the_files_of_the_contract(finished):
    assert sorted(os.listdir(finished.out)) == sorted([
        "config.json", "spec.json", "metrics.json", "history.csv", "README.md", "report.html", "samples",
        "before_after.png", "curves.png", "neighbours.png", "training.gif", "checkpoints", "export", "source",
    ])  # fmt: skip
    run = RunFolder(finished.out)
    assert (run.saved_model / "saved_model.pb").is_file() and run.tflite.is_file()
    assert run.saved_model.relative_to(run.path).as_posix() == "export/saved_model/1"
    assert run.tflite.relative_to(run.path).as_posix() == "export/generator.tflite"
    assert not list(run.path.rglob(".partial-*"))


def test_metrics_have_the_keys_of_the_contract(finished):
    metrics = json.loads(RunFolder(finished.out).metrics_file.read_text())
    kids = [f"{view}_{when}" for view in ("kid", "kid_second") for when in ("before", "after", "scratch")]
    layouts = [f"layout_{when}" for when in ("before", "after", "scratch")]
    assert list(metrics) == [
        *kids, *layouts, "precision_before", "recall_before", "kid_floor", "kimg", "best_kimg", "kept_source",
        "outlook", "warnings", "images_per_second", "seconds", "near_copies", "precision", "recall", "repeats",
        "repeats_expected",
    ]  # fmt: skip
    assert list(metrics["near_copies"]) == ["made", "training"]
    assert all(0 <= share <= 1 for share in metrics["near_copies"].values())
    for name in (*kids, "kid_floor", *layouts):
        score = metrics[name]
        if name in layouts:
            assert all(0 <= score.pop(share) <= 1 for share in ("precision", "recall")) and score.pop("size") == 16
        assert list(score) == ["value", "std", "feature_network", "input_size", "n_real", "n_fake", "reference"]
        assert (score["n_real"], score["n_fake"], score["reference"]) == (12, 12, finished.reference)
    assert metrics["kimg"] == 0.04 and 0 <= metrics["best_kimg"] <= 0.04
    assert all(0 <= metrics[name] <= 1 for name in ("precision", "recall", "repeats"))
    assert metrics["images_per_second"] > 40 / metrics["seconds"]  # which hold the first step, too


@pytest.mark.usefixtures("quick_scores")
def test_reported_scores_are_those_of_the_stored_models(finished):
    metrics = json.loads(RunFolder(finished.out).metrics_file.read_text())
    inputs = read_run_images(finished, 32, 3, SILENT)
    for name, model in (("kid_before", finished.source), ("kid_after", finished.out)):
        assert kid_protocol.score_model(load_gan(model), inputs.reference, 12)["value"] == pytest.approx(
            metrics[name]["value"]
        )


@pytest.mark.parametrize(("name", "size"), [
    ("before_after.png", (4 * 32 + 4 * 32 + 4 * 32 + 48, 3 * 32 + 24)), ("neighbours.png", (6 * 68, 2 * 36 + 24)),
    ("curves.png", (1485, 374)), ("training.gif", (192, 192)),
])  # fmt: skip
def test_images_of_a_run_are_valid_and_of_a_sensible_size(finished, name, size):
    with Image.open(f"{finished.out}/{name}") as image:
        image.load()
        assert image.size == size
        assert len(np.unique(np.asarray(image.convert("RGB")))) > 20
        if name == "training.gif":
            assert image.n_frames == len(os.listdir(f"{finished.out}/samples")) == 6


def test_before_and_after_show_the_same_latents(finished):
    with Image.open(f"{finished.out}/before_after.png") as image:
        sheet = np.asarray(image)
    for left, model in ((0, finished.source), (152, finished.out)):
        assert np.array_equal(sheet[24:56, left : left + 32], load_gan(model).generate(1)[0])
    real = read_images(finished.data, 32).images
    assert np.array_equal(sheet[24:56, 304:336], real[0])


def test_both_exports_make_the_images_of_the_run(finished):
    run = RunFolder(finished.out)
    gan = load_gan(run.path)
    expected = gan.ema_generator(probe_latents(16))
    generate, spec = read_saved_model(run.saved_model)
    check_parity(expected, generate(probe_latents(16)))
    check_parity(expected, run_tflite(run.tflite, probe_latents(16)))
    assert spec == gan.spec and json.loads(run.spec_file.read_text()) == spec.to_dict()
    assert (run.saved_model / "assets.extra" / "README.md").read_text() == run.card_file.read_text()
    assert "CC0-1.0" in run.card_file.read_text()


def test_config_says_what_was_settled_and_how_the_model_was_selected(finished):
    config = RunFolder(finished.out).config()
    assert config["command"] == "finetune" and config["finished"] and config["settings"]["freeze_d"] == 1
    resolved = config["resolved"]
    assert resolved["precision"] == "float32" and resolved["replicas"] == 1 and resolved["pictures"] == 12
    assert resolved["selection"] == SELECTIONS["best"] and "lowest KID to the training images" in SELECTIONS["best"]
    assert resolved["g_lr_ratio"] == (FAR_RATIO if resolved["source_distance"] >= FAR else NEAR_RATIO)
    assert resolved["pictures_digest"] == read_images(finished.data, 32).digest


def test_history_has_the_losses(finished):
    rows = read_history(RunFolder(finished.out).history_file)
    assert [row["kimg"] for row in rows] == [0.008, 0.016, 0.024, 0.032, 0.04]
    assert {"d_loss", "g_loss"} <= set(rows[0])
