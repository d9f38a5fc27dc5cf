import dataclasses

import numpy as np
import pytest

from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.settings.defaults import EMA_RAMPUP
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings, PretrainSettings
from keras_transfer_gen.recipes.training.gan.models import (
    compile_gan,
    model_from_source,
    new_model,
    update_rates,
)


@pytest.fixture
def settings(tmp_path):
    return FineTuneSettings(
        data="photos", source="a.keras", out=tmp_path, batch_size=4, kimg=0.02, penalty="none", augment="none"
    )


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_source_is_trained_on_from_its_averaged_generator(source_file, settings):
    source = load_gan(source_file)
    source.ema_generator.set_weights([value + 1 for value in source.ema_generator.get_weights()])
    source.step.assign(7)
    gan = model_from_source(source, dataclasses.replace(settings, feature_weight=0.0))
    assert same(gan.generator.get_weights(), gan.ema_generator.get_weights())
    assert int(gan.step.numpy()) == 0 and gan.kimg == 0
    assert gan.spec.source.startswith("Adapted from a.keras on photos. The source: ")


def test_compile_follows_the_settings(source_file, settings):
    gan = load_gan(source_file)
    compile_gan(
        gan, dataclasses.replace(settings, penalty="r1", r1_gamma=0.7, r1_interval=3, objective="hinge", seed=5)
    )
    assert (gan.penalty.gamma, gan.penalty.every, type(gan.objective).__name__, gan.seed) == (0.7, 3, "Hinge", 5)
    assert gan.augment is None and float(gan.g_optimizer.learning_rate) == pytest.approx(2e-4)
    compile_gan(gan, dataclasses.replace(settings, augment="diffaugment"), rates=(0.25, 0.5))
    assert gan.penalty is None and type(gan.augment).__name__ == "DiffAugment"
    assert float(gan.d_optimizer.learning_rate) == 0.5


def test_regularizers_of_the_settings_are_those_of_the_run_and_not_of_scratch(source_file, settings):
    gan = load_gan(source_file)
    regularized = dataclasses.replace(settings, regularizers=["l2sp:weight=0.5"])
    compile_gan(gan, regularized)
    assert [type(one).__name__ for one in gan.regularizers] == ["L2SP"] and gan.regularizers[0].weight == 0.5
    compile_gan(gan, regularized, rates=(0.25, 0.5))
    assert gan.regularizers == []


def test_options_of_the_architecture_reach_its_networks():
    settings = PretrainSettings(
        data="photos", out="run", arch="dcgan:max_channels=16", image_size=32, min_channels=8, latent_dim=4
    )
    gan = new_model(settings)
    assert gan.spec.arch == "dcgan" and gan.generator.get_layer("block_4").output.shape[-1] == 16


def test_continued_training_takes_the_new_rates(source_file, settings):
    gan = load_gan(source_file)
    compile_gan(gan, dataclasses.replace(settings, penalty="r1", r1_gamma=0.7))
    assert gan.ema_rampup == EMA_RAMPUP
    changed = dataclasses.replace(
        settings, learning_rate=0.5, ema_halflife_kimg=3.0, ema_rampup=0.7, penalty="r1", r1_gamma=0.2
    )
    update_rates(gan, changed)
    assert gan.ema_rampup == 0.7
    assert float(gan.g_optimizer.learning_rate) == 0.5 and gan.ema_halflife_kimg == 3.0 and gan.penalty.gamma == 0.2
    update_rates(gan, changed, rates=(0.5, 0.25))
    assert float(gan.d_optimizer.learning_rate) == 0.25


def test_new_model_is_that_of_the_settings():
    settings = PretrainSettings(
        data="photos",
        out="run",
        image_size=28,
        channels=1,
        max_channels=24,
        min_channels=8,
        latent_dim=16,
        licence="CC0",
    )
    gan = new_model(settings)
    assert gan.generator.get_layer("block_7").filters == 24 and gan.spec.latent_dim == 16
    assert gan.spec.licence == "CC0" and gan.spec.source == "Trained from nothing on photos." and gan.compiled


def test_configuration_of_stylegan2_reaches_networks_penalties_and_augmentation():
    settings = PretrainSettings(
        data="photos", out="run", arch="stylegan2:channel_base=32,channel_max=4,w_dim=4", image_size=8, latent_dim=4,
        batch_size=8,
    )  # fmt: skip
    gan = new_model(settings)
    assert [type(penalty).__name__ for penalty in gan.penalties] == ["R1", "PathLength"]
    assert gan.penalty.gamma == pytest.approx(0.0002 * 64 / 8) and gan.penalties[1].weight == 2.0
    assert (gan.augment.kimg, gan.augment.target) == (500.0, 0.6) and gan.ema_halflife_kimg == 2.5
    assert gan.generator.get_layer("styles").mixing == 0.9 and len(gan.generator.get_layer("mapping").dense_layers) == 2
    assert float(gan.g_optimizer.learning_rate) == float(gan.d_optimizer.learning_rate) == pytest.approx(0.0025)
    update_rates(gan, dataclasses.replace(settings, r1_gamma=3.0))
    assert gan.penalty.gamma == 3.0
