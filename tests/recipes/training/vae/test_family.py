import pytest

from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.training import Branch, resume_training
from keras_transfer_gen.recipes.settings.vae import PretrainVaeSettings
from keras_transfer_gen.recipes.training.vae.family import VaeFamily
from keras_transfer_gen.training.vae import CollapseWarning


def test_training_goes_on_with_the_rate_of_the_settings(vae_file, tmp_path):
    settings = PretrainVaeSettings(data="photos", out=tmp_path / "run", seed=7, learning_rate=0.002)
    with Run.open("pretrain", settings, VaeFamily(), SILENT) as run:
        branch = Branch.main(run.folder)
        resume_training(run, branch, lambda: load_vae(vae_file)).save(settings.out)
        again = resume_training(run, branch, None)
    assert float(again.model.optimizer.learning_rate) == pytest.approx(0.002)
    assert again.model.list_optimizers() == [again.model.optimizer]


def test_collapse_is_left_to_the_report():
    assert VaeFamily.ignored_warnings == (CollapseWarning,)
