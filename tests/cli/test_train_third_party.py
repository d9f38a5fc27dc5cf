"""`ktg finetune` on generators that others made, from the first command to the exported files."""

import json

import numpy as np
import pytest

from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from tests.generator_fixtures import CLASSES, folder_of

pytestmark = pytest.mark.usefixtures("quick_scores", "small_discriminators")

SHORT = ("--kimg", 0.04, "--batch-size", 4, "--penalty", "none")


def test_saved_model_with_labels_is_adapted_shown_evaluated_and_exported(ktg, shared_image_folder, tmp_path):
    run = tmp_path / "run"
    options = ("--data", shared_image_folder, "--source", folder_of("labelled"), "--out", run, *SHORT)
    planned = ktg("finetune", *options, "--dry-run", "--json")
    assert planned.exit_code == 0, planned.stderr
    assert json.loads(planned.stdout)["the new discriminator learns alone"] == "0.008 kimg" and not run.exists()
    result = ktg("finetune", *options, "--trust", "--json", "--freeze", "generator/mix/table=false")
    assert result.exit_code == 0, result.stderr
    assert "warming up: 0.008 of 0.008 kimg" in result.stderr and "adapting: 0.04 of 0.04 kimg" in result.stderr
    assert json.loads(result.stdout)["kimg"] == 0.04
    told = json.loads(ktg("info", run, "--json", "--layers").stdout)
    assert (told["num_classes"], told["image_size"], told["latent_dim"]) == (CLASSES, 28, 6)
    table = {row["path"]: row["trainable"] for row in told["layers"]}
    assert table["generator/mix/w"] and not table["generator/mix/table"] and not table["generator/filter"]
    made = ktg("generate", run, "--num", 3, "--out", tmp_path / "made", "--json")
    assert made.exit_code == 0 and len(list((tmp_path / "made").glob("*.png"))) == 3
    scored = ktg("evaluate", run, "--data", shared_image_folder, "--num", 12, "--json")
    assert scored.exit_code == 0, scored.stderr
    for form, name in (("saved_model", "served"), ("tflite", "a.tflite")):
        assert ktg("export", run, "--format", form, "--out", tmp_path / name).exit_code == 0
        assert (tmp_path / name).exists()
    again = ktg("finetune", *options, "--freeze", "generator/mix/table=false")
    assert again.exit_code == 0 and "had finished already" in again.stderr


def test_generator_that_can_not_be_trained_is_refused_in_one_line_and_mined(ktg, shared_image_folder, tmp_path):
    options = ("--data", shared_image_folder, "--source", folder_of("constant"), "--out", tmp_path / "run", *SHORT)
    for method in ("full", "bsa"):
        refused = ktg("finetune", *options, "--method", method)
        assert refused.exit_code == 2 and not (tmp_path / "run").exists()
        (line,) = refused.stderr.splitlines()
        assert line.startswith("error: `method` must be 'minegan' for this source.") and "--method minegan" in line
    result = ktg("finetune", *options, "--method", "minegan", "--image-adapter")
    assert result.exit_code == 0, result.stderr
    run = RunFolder(tmp_path / "run")
    assert run.config()["settings"]["method"] == "minegan" and run.tflite.is_file()
    served = ktg("generate", run.saved_model, "--num", 3, "--out", tmp_path / "served")
    own = ktg("generate", run.path, "--num", 3, "--out", tmp_path / "own")
    assert served.exit_code == own.exit_code == 0
    for name in ("00000.png", "00002.png"):
        pair = [np.frombuffer((tmp_path / folder / name).read_bytes(), np.uint8) for folder in ("served", "own")]
        assert len(pair[0]) > 0 and abs(len(pair[0]) - len(pair[1])) < 200


def test_whole_numbers_are_refused_and_say_what_still_works(ktg, shared_image_folder, tmp_path):
    options = ("--data", shared_image_folder, "--source", folder_of("whole_numbers"), "--out", tmp_path / "run", *SHORT)
    for method in ("full", "minegan"):
        refused = ktg("finetune", *options, "--method", method)
        assert refused.exit_code == 2
        assert "a generator through which gradients pass" in refused.stderr and "`ktg generate`" in refused.stderr
