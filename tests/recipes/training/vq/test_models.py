import dataclasses

import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings, PretrainVqSettings
from keras_transfer_gen.recipes.training.vq import models
from keras_transfer_gen.training.vqvae import VQVAE


@pytest.fixture
def settings():
    return PretrainVqSettings(
        data="photos", out="run", image_size=32, codes=16, max_channels=8, min_channels=4, prior_width=12,
        prior_depth=1, licence="CC0", learning_rate=0.002, autoencoder_learning_rate=0.003,
    )  # fmt: skip


def test_a_new_model_has_the_sizes_and_rates_of_the_settings(settings):
    vq = models.new_model(settings, ["a", "b"], [0.25, 0.75])
    assert vq.spec.class_shares == [0.25, 0.75]
    models.set_classes(vq, [1, 2], ["c"], [1.0])
    assert (vq.spec.class_names, vq.spec.class_shares) == (["c"], [1.0])
    vq = models.new_model(settings, ["a", "b"])
    assert vq.grid == (4, 4) and vq.quantizer.num_codes == 16 and vq.spec.class_names == ["a", "b"]
    assert vq.spec.licence == "CC0" and "photos" in vq.spec.source
    assert float(vq.prior.optimizer.learning_rate) == pytest.approx(0.002)
    assert float(vq.optimizer.learning_rate) == pytest.approx(0.003)
    models.update_rates(vq, settings, (0.1, 0.2))
    assert float(vq.prior.optimizer.learning_rate) == pytest.approx(0.1)


def test_levels_and_features_are_those_of_the_settings(settings):
    vq = models.new_model(dataclasses.replace(settings, levels=2, feature_weight=0.2), ["a", "b"])
    assert vq.grid == (8, 4) and vq.quantizer.num_codes == 32
    assert vq.prior_grid == (4, 4) and vq.prior.network.num_codes == 16
    assert models.new_model(dataclasses.replace(settings, levels=2, prior_levels=2), []).prior_grid == (8, 4)
    with pytest.raises(checks.UserError, match=r"`prior_levels` must be at most levels, 1\."):
        dataclasses.replace(settings, prior_levels=2)
    assert vq.reconstruction.feature_weight == 0.2 and vq.reconstruction.features is not None
    assert models.new_model(settings, []).reconstruction.features is None


def test_a_discriminator_is_there_where_the_settings_ask_for_one(settings):
    sharp = dataclasses.replace(settings, adversarial_weight=0.2, kimg=10)
    vq = models.new_model(sharp, [])
    assert vq.discriminator.input_shape == (None, 32, 32, 3) and vq.adversarial_weight == 0.2
    assert vq.adversarial_start_kimg == pytest.approx(0.5 * sharp.autoencoder_share * 10)
    slots = len(vq.d_optimizer.variables)
    models.update_rates(vq, sharp, (0.1, 0.2))
    assert float(vq.d_optimizer.learning_rate) == pytest.approx(0.2) and len(vq.d_optimizer.variables) == slots
    tuned = FineTuneVqSettings(data="photos", source="s", out="run", adversarial_weight=0.1)
    own = vq.discriminator
    assert models.model_from_source(vq, tuned).discriminator is own and vq.adversarial_start_kimg == 0.0
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)
    assert vq.fit(images, batch_size=4, verbose=0).history["adversarial_loss"][0] != 0.0
    waiting = dataclasses.replace(tuned, adversarial_weight=0.0)
    assert models.model_from_source(vq, waiting).discriminator is own  # draws will be judged
    assert "adversarial_loss" not in vq.fit(images, batch_size=4, verbose=0).history
    plain = dataclasses.replace(waiting, drawn_share=0.0)
    assert models.model_from_source(vq, plain).discriminator is None


def test_every_prior_draws_by_the_settings_or_as_the_source_does(settings):
    def drawn_by(prior):
        return prior.temperature, prior.guidance

    vq = models.new_model(settings, ["a", "b"])
    assert drawn_by(vq.prior) == (1.0, 1.0)
    vq = models.new_model(dataclasses.replace(settings, temperature=0.9, guidance=1.5), ["a", "b"])
    vq.prior.top_k = 7
    models.set_classes(vq, [1, 2], ["c"])
    assert drawn_by(vq.prior) == (0.9, 1.5) and vq.prior.top_k == 7
    tuned = FineTuneVqSettings(data="photos", source="s", out="run")
    fresh = models.model_from_scratch(vq, tuned)
    assert fresh.prior.sampling == models.model_from_source(vq, tuned).prior.sampling == vq.prior.sampling
    own = dataclasses.replace(tuned, temperature=0.8)
    assert drawn_by(models.model_from_source(vq, own).prior) == (0.8, 1.5)


@pytest.mark.parametrize(("method", "temperature"), [("full", 0.9), ("prefix", 0.9), ("decoder", 0.7)])
def test_a_prior_that_learns_few_images_draws_less_safely(settings, method, temperature):
    vq = models.new_model(dataclasses.replace(settings, temperature=0.7), [])
    tuned = FineTuneVqSettings(data="photos", source="s", out="run", method=method)
    for _ in range(2):  # a run that goes on comes here again
        assert models.model_from_source(vq, tuned, count=100).prior.temperature == pytest.approx(temperature)
    assert models.model_from_scratch(vq, tuned, count=100).prior.temperature == pytest.approx(temperature)
    own = dataclasses.replace(tuned, temperature=0.6)
    assert models.model_from_source(vq, own, count=100).prior.temperature == 0.6
    assert models.temperature_for(10, 0.7) == 1.0 and models.temperature_for(10, 1.2) == 1.2


def test_from_scratch_keeps_what_the_tokens_mean_and_nothing_else(settings):
    vq = models.new_model(settings, [])
    vq.quantizer.codebook.assign(np.random.default_rng(0).normal(size=(16, 32)))
    fresh = models.model_from_scratch(vq, FineTuneVqSettings(data="photos", source="s", out="run", seed=1))
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    np.testing.assert_array_equal(fresh.encode(images), vq.encode(images))
    assert not fresh.encoder.trainable_variables and fresh.decoder.trainable_variables
    for old, new in ((vq.decoder, fresh.decoder), (vq.prior.network, fresh.prior.network)):
        assert any(not np.array_equal(a, b) for a, b in zip(old.get_weights(), new.get_weights(), strict=True))


def test_a_source_without_a_prior_is_refused(tmp_path):
    options = {"max_channels": 8, "min_channels": 4}
    keras.utils.set_random_seed(0)
    vq = VQVAE(build_token_encoder(32, **options), VectorQuantizer(16), build_token_decoder(32, **options))
    vq.save(tmp_path / "vq.keras")

    class Run:
        settings = FineTuneVqSettings(data="photos", source=tmp_path / "vq.keras", out=tmp_path / "run")

    with pytest.raises(checks.UserError, match="with a prior"):
        models.open_source(Run)


def test_few_images_are_learnt_with_more_dropout_and_weight_decay(settings):
    vq = models.new_model(settings, [], count=100)
    few, many = models.dropout_for(100), models.dropout_for(1000)
    assert vq.prior.network.get_config()["dropout"] == pytest.approx(few) and few > many == 0.15
    assert float(vq.prior.optimizer.weight_decay) == pytest.approx(models.weight_decay_for(100))
    models.set_classes(vq, [0], [], dropout=0.4)
    assert all(block.dropout == 0.4 for block in vq.prior.network.blocks)
    tuned = FineTuneVqSettings(data="photos", source="s", out="run")
    assert float(models.model_from_source(vq, tuned, 10).prior.optimizer.weight_decay) == pytest.approx(0.1)
    fresh = models.model_from_scratch(vq, tuned, 10)
    assert fresh.prior.network.blocks[0].dropout == 0.4
    assert float(fresh.prior.optimizer.weight_decay) == pytest.approx(0.1)
