"""`ktg finetune` on third-party generators, from the first command to the exported files."""

import pytest

from keras_transfer_gen.export.parity import check_parity
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from tests.generator_fixtures import CLASSES, folder_of

pytestmark = pytest.mark.usefixtures("quick_scores", "small_discriminators")

SHORT = ("--kimg", 0.04, "--batch-size", 4, "--penalty", "none")


@pytest.fixture
def finetune(shared_image_folder, tmp_path):
    """Function: kind of generator and more arguments -> those of a short fine-tune into `tmp_path / "run"`."""

    def arguments(kind, *more):
        paths = ("--data", shared_image_folder, "--source", folder_of(kind), "--out", tmp_path / "run")
        return ("finetune", *paths, *SHORT, *more)

    return arguments


def test_saved_model_with_labels_is_adapted_shown_evaluated_and_exported(
    ktg, ktg_json, finetune, read_folder, shared_image_folder, tmp_path
):
    run = tmp_path / "run"
    planned = ktg_json(*finetune("labelled", "--dry-run"))
    assert planned["the new discriminator learns alone"] == "0.008 kimg" and not run.exists()
    more = ("--trust", "--freeze", "generator/mix/table=false")
    result = ktg(*finetune("labelled", *more))
    assert result.exit_code == 0, result.stderr
    assert "warming up: 0.008 of 0.008 kimg" in result.stderr and "adapting: 0.04 of 0.04 kimg" in result.stderr
    facts = ktg_json("info", run, "--layers")
    assert (facts["num_classes"], facts["image_size"], facts["latent_dim"]) == (CLASSES, 28, 6)
    trainable = {row["path"]: row["trainable"] for row in facts["layers"]}
    assert trainable["generator/mix/w"]
    assert not trainable["generator/mix/table"] and not trainable["generator/filter"]
    assert ktg_json("generate", run, "--num", 3, "--out", tmp_path / "images")["num"] == 3
    assert len(read_folder(tmp_path / "images")) == 3
    assert ktg_json("evaluate", run, "--data", shared_image_folder, "--num", 12)["kid"]["n_fake"] == 12
    for form, name in (("saved_model", "served"), ("tflite", "a.tflite")):
        assert ktg("export", run, "--format", form, "--out", tmp_path / name).exit_code == 0
        assert (tmp_path / name).exists()
    again = ktg(*finetune("labelled", *more[1:]))
    assert again.exit_code == 0 and "has finished already" in again.stderr
    assert ktg_json(*finetune("labelled", *more[1:]))["kimg"] == 0.04


def test_generator_that_can_not_be_trained_is_refused_and_adapted_by_minegan(
    ktg, refused, finetune, read_folder, tmp_path
):
    for method in ("full", "bsa"):
        line = refused(*finetune("constant", "--method", method))
        assert line.startswith("`method` must be 'minegan' for this source.") and "--method minegan" in line
        assert not (tmp_path / "run").exists()
    result = ktg(*finetune("constant", "--method", "minegan", "--image-adapter"))
    assert result.exit_code == 0, result.stderr
    run = RunFolder(tmp_path / "run")
    assert run.config()["settings"]["method"] == "minegan" and run.tflite.is_file()
    for model, name in ((run.saved_model, "served"), (run.path, "own")):
        assert ktg("generate", model, "--num", 3, "--out", tmp_path / name).exit_code == 0
    check_parity(read_folder(tmp_path / "own"), read_folder(tmp_path / "served"))


@pytest.mark.parametrize("method", ["full", "minegan"])
def test_whole_numbers_are_refused_and_say_what_still_works(refused, finetune, method):
    line = refused(*finetune("whole_numbers", "--method", method))
    assert "a generator through which gradients pass" in line and "`ktg generate`" in line
