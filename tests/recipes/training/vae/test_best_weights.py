import numpy as np
import pytest

from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.inputs.holdout import VaeImages
from keras_transfer_gen.recipes.inputs.run_images import Inputs
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.training_loop import Training
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.elbo_protocol import curve_elbo
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.training.vae.best_weights import (
    BEST,
    best_point,
    keep_finished,
    take_best,
    train_to_best,
)
from keras_transfer_gen.recipes.training.vae.vae_loop import compile_vae
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
    return Training(vae)


def given(sample_images, validated, learnt=None):
    """Eight images to learn, of others where they are given; four to validate with, or none."""
    learnt = sample_images if learnt is None else learnt
    nothing = kid_protocol.Reference(sample_images, np.zeros((12, 2)), "none")
    valid = sample_images[8:] if validated else sample_images[:0]
    return VaeImages(Inputs(read_images(learnt[:8], 32), nothing, nothing), valid, sample_images[8:], "held")


def train(training, inputs, settings, rate=None):
    if rate is not None:
        training.gan.optimizer.learning_rate = rate
    train_to_best(
        training, inputs, settings, settings_folder(settings), kimg=0.04, minutes=None, arithmetic="float32",
        history=settings_folder(settings) / "history.csv", samples=None, label="", reporter=SILENT,
    )  # fmt: skip


def settings_folder(settings):
    from pathlib import Path

    return Path(settings.out)


def weights_of(vae):
    return [weight for network in vae.roles.values() for weight in network.get_weights()]


def test_weights_that_were_best_are_taken_back(training, sample_images, settings):
    before = weights_of(training.gan)
    train(training, given(sample_images, True, 255 - sample_images), settings, rate=0.01)  # learns what is not asked
    assert [record["kimg"] for record in training.records][:2] == [0.0, 0.004] and len(training.records) == 11
    assert best_point(training.records)["kimg"] == 0.0
    assert all((a == b).all() for a, b in zip(before, weights_of(training.gan), strict=True))
    assert curve_elbo(training.gan, sample_images[8:]) == pytest.approx(training.records[0]["elbo"], rel=1e-5)
    assert training.gan.kimg == 0.04  # the step stays


def test_scale_of_errors_is_that_of_the_validation_images(training, sample_images, settings):
    train(training, given(sample_images, True), settings)
    stored = float(training.gan.likelihood.error)
    assert curve_elbo(training.gan, sample_images[8:]) == pytest.approx(best_point(training.records)["elbo"], rel=1e-4)
    training.gan.likelihood.error.assign(stored / 3)  # as after learning by heart
    assert curve_elbo(training.gan, sample_images[8:]) < best_point(training.records)["elbo"] - 100


def test_without_validation_the_last_weights_and_the_first_scale_stay(training, sample_images, settings):
    before = weights_of(training.gan)
    train(training, given(sample_images, False), settings)
    assert not (settings_folder(settings) / BEST).exists()
    assert any((a != b).any() for a, b in zip(before, weights_of(training.gan), strict=True))
    fresh = load_vae(latest_checkpoint(settings.out) / "vae.keras")
    assert float(training.gan.likelihood.error) != float(fresh.likelihood.error)


def test_nothing_kept_is_nothing_taken_and_a_finished_training_is_kept_again(training, sample_images, settings):
    before = weights_of(training.gan)
    take_best(training.gan, settings_folder(settings))
    assert all((a == b).all() for a, b in zip(before, weights_of(training.gan), strict=True))
    keep_finished(training, settings_folder(settings), settings)
    training.gan.likelihood.error.assign(0.125)
    keep_finished(training, settings_folder(settings), settings)
    stored = load_vae(latest_checkpoint(settings.out) / "vae.keras")
    assert float(stored.likelihood.error) == 0.125
    assert best_point([]) is None
