from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.inputs.run_images import RunImages
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.phases import Phase, run_phases
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.runs.training import Branch, Training
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.elbo_protocol import curve_elbo
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.training.vae.curve import FILE, BestElboCurve, best_point, take_best
from keras_transfer_gen.recipes.training.vae.family import VaeFamily
from keras_transfer_gen.recipes.training.vae.models import compile_vae
from keras_transfer_gen.training.checkpoint import latest_checkpoint


@pytest.fixture
def settings(tmp_path):
    return FineTuneVaeSettings(data="a", source="b", out=tmp_path, kimg=0.04, batch_size=4, method="full")


@pytest.fixture
def training(vae_file, settings):
    vae = load_vae(vae_file)
    compile_vae(vae, settings)
    vae.step.assign(0)
    vae.images_seen.assign(0)
    folder = Path(settings.out)
    return Training(vae, Branch(folder, folder, folder / "history.csv"))


def images_of(sample_images, validated, learnt=None):
    """Eight images to learn, of others where they are given; four to validate with, or none."""
    learnt = sample_images if learnt is None else learnt
    nothing = kid_protocol.Reference(sample_images, np.zeros((12, 2)), "none")
    valid = sample_images[8:] if validated else sample_images[:0]
    return RunImages(
        read_images(learnt[:8], 32), nothing, nothing, holdout=sample_images[8:], holdout_name="held", validation=valid
    )


def train(training, images, settings, rate=None):
    if rate is not None:
        training.model.optimizer.learning_rate = rate
    run = Run("finetune", settings, VaeFamily(), SILENT, "start", tf.distribute.get_strategy())
    run.note(arithmetic="float32")
    run_phases(run, training, images, [Phase("", 0.04, curve=BestElboCurve(images, settings.out))])


def weights_of(vae):
    return [weight for network in vae.roles.values() for weight in network.get_weights()]


def test_weights_that_were_best_are_taken_back(training, sample_images, settings):
    before = weights_of(training.model)
    train(
        training, images_of(sample_images, True, 255 - sample_images), settings, rate=0.01
    )  # learns what is not asked
    assert [record["kimg"] for record in training.records][:2] == [0.0, 0.004] and len(training.records) == 11
    assert best_point(training.records)["kimg"] == 0.0 == training.best_kimg
    assert all((a == b).all() for a, b in zip(before, weights_of(training.model), strict=True))
    assert curve_elbo(training.model, sample_images[8:]) == pytest.approx(training.records[0]["elbo"], rel=1e-5)
    assert training.model.kimg == 0.04  # the step stays


def test_scale_of_errors_is_that_of_the_validation_images(training, sample_images, settings):
    train(training, images_of(sample_images, True), settings)
    stored = float(training.model.likelihood.error)
    assert curve_elbo(training.model, sample_images[8:]) == pytest.approx(
        best_point(training.records)["elbo"], rel=1e-4
    )
    training.model.likelihood.error.assign(stored / 3)  # as after learning by heart
    assert curve_elbo(training.model, sample_images[8:]) < best_point(training.records)["elbo"] - 100


def test_without_validation_the_last_weights_and_the_first_scale_stay(training, sample_images, settings):
    before = weights_of(training.model)
    train(training, images_of(sample_images, False), settings)
    assert not (Path(settings.out) / FILE).exists() and training.best_kimg is None
    assert any((a != b).any() for a, b in zip(before, weights_of(training.model), strict=True))
    fresh = load_vae(latest_checkpoint(settings.out) / "vae.keras")
    assert float(training.model.likelihood.error) != float(fresh.likelihood.error)


def test_nothing_kept_is_nothing_taken_and_a_finished_training_is_kept_again(training, sample_images, settings):
    before = weights_of(training.model)
    take_best(training.model, Path(settings.out) / FILE)
    assert all((a == b).all() for a, b in zip(before, weights_of(training.model), strict=True))
    training.save(settings.out, replace=True)
    training.model.likelihood.error.assign(0.125)
    training.save(settings.out, replace=True)
    stored = load_vae(latest_checkpoint(settings.out) / "vae.keras")
    assert float(stored.likelihood.error) == 0.125
    assert best_point([]) is None
