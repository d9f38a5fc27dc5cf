"""The part in which draws are judged, in a whole run: what it trains, and that an interrupted run is the same."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.recipes.models.load_vq import load_vq
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune
from keras_transfer_gen.recipes.training.vq import drawn
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.vqvae import VQVAE

OPTIONS = {"max_channels": 8, "min_channels": 4}


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(drawn.begin, "__defaults__", (6,))  # draws
    keras.utils.set_random_seed(0)
    prior = TokenPrior(TokenTransformer((4, 4), 16, width=12, depth=1, heads=2))
    networks = build_token_encoder(32, **OPTIONS), VectorQuantizer(16), build_token_decoder(32, **OPTIONS)
    VQVAE(*networks, prior=prior).save(tmp_path / "vq.keras")
    images = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "data.npz", images=images)
    return FineTuneVqSettings(
        data=tmp_path / "data.npz", source=tmp_path / "vq.keras", out=tmp_path / "run", kimg=0.064, batch_size=8,
        precision="float32", autoencoder_share=0.25, drawn_share=0.5, evaluate_every_kimg=0.016,
    )  # fmt: skip


@pytest.mark.usefixtures("quick_scores", "no_exports")
def test_the_decoder_learns_on_by_draws_and_an_interrupted_run_is_the_same(settings, tmp_path, scripted):
    metrics = fine_tune(settings, reporter := scripted())
    assert metrics["kimg"] == 0.064
    whole, source = load_vq(settings.out), load_vq(settings.source)
    assert list(whole.roles) == ["encoder", "decoder", "discriminator"] and whole.drawn_tokens.tokens.shape[0] == 6
    assert np.array_equal(whole.encoder.get_weights()[0], source.encoder.get_weights()[0])
    parts = dataclasses.replace(settings, out=tmp_path / "parts")
    for label, at in (("prior", 0.024), ("by draws", 0.048)):
        with pytest.raises(checks.Interrupted):
            fine_tune(parts, scripted(at, label))
    fine_tune(parts)
    for a, b in zip(whole.weights, load_vq(parts.out).weights, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=a.path)
    assert not any("nan" in line for line in reporter.lines)


def test_the_discriminator_of_the_source_goes_on(settings):
    vq = load_vq(settings.source)
    vq.prior.compile()
    own = drawn.build_judge(32, 3)
    vq.set_discriminator(own)
    assert drawn.begin(vq, settings).discriminator is own and vq.drawn_tokens.tokens.shape == (6, 4, 4)


def test_the_judge_sees_patches_and_the_whole():
    judge = drawn.build_judge(32, 3)
    shapes = [output.shape[1:] for output in judge.outputs]
    assert shapes[0] == (4, 4, 1) and len(shapes) == 5
