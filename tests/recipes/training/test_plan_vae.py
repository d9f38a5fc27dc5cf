import os

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.training.plan import plan


@pytest.fixture
def settings(vae_file, sample_images, tmp_path):
    np.save(tmp_path / "many.npy", np.concatenate([sample_images, 255 - sample_images]))
    return {"data": tmp_path / "many.npy", "source": vae_file, "out": tmp_path / "run", "batch_size": 8, "kimg": 0.1}


def test_plan_says_what_is_learnt_and_writes_nothing(settings, tmp_path):
    found = plan("finetune", FineTuneVaeSettings(**settings), SILENT)
    assert found["action"] == "start a new run" and found["method"].startswith("decoder: ")
    assert (found["images"], found["image size"], found["steps"]) == (24, "32 x 32 x 3", 13)
    assert (found["holdout for the ELBO"], found["put aside to select the best weights by"]) == (4, 4)
    files = found["files"].split(", ")
    assert {"history.csv", "samples", "checkpoints"} <= set(files) and "source" not in files
    assert os.listdir(tmp_path) == ["many.npy"]


def test_plan_with_a_reference_and_without_a_gradient(settings):
    settings.update(method="prior", reference=settings["data"], channels=1)
    found = plan("finetune", FineTuneVaeSettings(**settings), SILENT)
    assert found["reference images"] == 24 and found["image size"] == "32 x 32 x 1"
    assert not {"kimg", "steps", "trained", "holdout for the ELBO"} & set(found)
    assert not {"history.csv", "samples", "source"} & set(found["files"].split(", "))


def test_plan_refuses_what_the_training_would(settings, source_file, tmp_path):
    with pytest.raises(checks.UserError, match="`source` must be a model saved from a VAE"):
        plan("finetune", FineTuneVaeSettings(**{**settings, "source": source_file}), SILENT)
    with pytest.raises(checks.UserFileError, match="`data` must be"):
        plan("finetune", FineTuneVaeSettings(**{**settings, "data": tmp_path / "none"}), SILENT)
