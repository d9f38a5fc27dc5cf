import dataclasses

import pytest
import tensorflow as tf

from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.recipes.models.export import export_saved_model
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.run import Run
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings, PretrainVaeSettings
from keras_transfer_gen.recipes.training.vae.family import VaeFamily
from keras_transfer_gen.recipes.training.vae.models import (
    compile_vae,
    model_from_scratch,
    model_from_source,
    new_model,
    open_source,
)


@pytest.fixture
def settings(vae_file, tmp_path):
    return FineTuneVaeSettings(data="photos", source=vae_file, out=tmp_path / "run", method="full")


def opened(settings):
    return open_source(Run("finetune", settings, VaeFamily(), SILENT, "start", tf.distribute.get_strategy())).model


def test_layers_frozen_in_a_source_are_trainable_from_scratch(settings):
    source = opened(settings)
    source.encoder.trainable = False
    scratch = model_from_scratch(source, settings)
    assert scratch.encoder.trainable_variables and not source.encoder.trainable_variables
    assert any((a != b).any() for a, b in zip(scratch.get_weights(), source.get_weights(), strict=True))
    assert type(scratch.likelihood) is type(source.likelihood) and isinstance(scratch.prior, StandardNormal)


def test_scratch_beside_a_saved_model_is_a_conv_vae(settings, vae_file, tmp_path):
    folder = export_saved_model(load_vae(vae_file), tmp_path / "saved")
    settings = dataclasses.replace(settings, source=str(folder))
    scratch = model_from_scratch(opened(settings), settings)
    assert scratch.decoder.get_layer("to_image").trainable and scratch.spec.latent_dim == 8


def test_vae_is_compiled_as_the_settings_say(vae_file, settings):
    vae = load_vae(vae_file)
    settings = dataclasses.replace(settings, seed=7, learning_rate=0.002)
    compile_vae(vae, settings)
    assert vae.seed == 7 and float(vae.optimizer.learning_rate) == pytest.approx(0.002)
    compile_vae(vae, settings, learning_rate=0.5)
    assert float(vae.optimizer.learning_rate) == 0.5


def test_regularizers_of_the_settings_stand_before_those_of_the_method(settings):
    settings = dataclasses.replace(settings, method="anchored", learning_rate=None, regularizers=["l2sp:weight=0.5"])
    vae = model_from_source(opened(settings), settings)
    assert [type(one).__name__ for one in vae.regularizers] == ["L2SP", "PosteriorAnchor", "L2SP"]
    assert (vae.regularizers[0].weight, vae.regularizers[2].weight) == (0.5, settings.l2sp_weight)


def test_options_of_the_architecture_reach_the_networks():
    small = {"image_size": 32, "min_channels": 8, "latent_dim": 4}
    vae = new_model(PretrainVaeSettings(data="photos", out="run", arch="conv_vae:max_channels=16", **small))
    assert vae.spec.arch == "conv_vae" and max(weight.shape[-1] for weight in vae.encoder.weights) <= 4 * 4 * 16


def test_new_model_is_that_of_the_settings():
    settings = PretrainVaeSettings(
        data="photos", out="run", image_size=28, channels=1, max_channels=16, min_channels=8, latent_dim=4, beta=0.5
    )
    vae = new_model(settings)
    assert vae.decoder.output_shape == (None, 28, 28, 1) and vae.beta == 0.5 and vae.spec.family == "vae"
