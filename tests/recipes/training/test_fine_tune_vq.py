import dataclasses
import json

import keras
import numpy as np
import pytest

from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load_vq import load_vq
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings, PretrainVqSettings
from keras_transfer_gen.recipes.training.fine_tune import fine_tune
from keras_transfer_gen.recipes.training.plan import plan
from keras_transfer_gen.recipes.training.pretrain import pretrain
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.vqvae import VQVAE
from tests.recipes.conftest import Scripted

pytestmark = pytest.mark.usefixtures("quick_scores")
OPTIONS = {"max_channels": 8, "min_channels": 4}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """32 images of 32 px, a coloured square each, as an .npz file."""
    rng = np.random.default_rng(1)
    images = np.full((32, 32, 32, 3), 255, np.uint8)
    for image in images:
        row, column = rng.integers(0, 16, 2)
        image[row : row + 16, column : column + 16] = rng.integers(0, 200, 3)
    path = tmp_path_factory.mktemp("many") / "many.npz"
    np.savez(path, images=images, labels=np.arange(32) % 2)
    return path


@pytest.fixture(scope="module")
def vq_file(tmp_path_factory, many):
    """A source of 32 px with two classes, whose autoencoder has seen the negatives of the images."""
    keras.utils.set_random_seed(0)
    prior = TokenPrior(TokenTransformer((4, 4), 16, 2, width=12, depth=1, heads=2))
    networks = build_token_encoder(32, **OPTIONS), VectorQuantizer(16), build_token_decoder(32, **OPTIONS)
    vq = VQVAE(*networks, prior=prior, class_names=["dark", "light"])
    vq.compile(keras.optimizers.Adam(3e-3))
    vq.fit(255 - np.load(many)["images"], batch_size=8, epochs=12, verbose=0)
    vq.licence = "CC0-1.0"
    path = tmp_path_factory.mktemp("vq") / "vq.keras"
    vq.save(path)
    return path


@pytest.fixture
def settings(vq_file, many, tmp_path):
    return FineTuneVqSettings(
        data=many, source=vq_file, out=tmp_path / "run", kimg=0.128, batch_size=8, precision="float32",
        learning_rate=3e-3, autoencoder_learning_rate=3e-3, autoencoder_share=0.5, drawn_share=0.0,
        evaluate_every_kimg=0.032,
    )  # fmt: skip


def test_a_fine_tune_adapts_the_decoder_then_the_prior_and_writes_a_whole_run(settings, vq_file, scripted):
    settings = dataclasses.replace(settings, compare_scratch=True)
    planned = plan("finetune", settings)
    assert planned["holdout for the nats"] == 4 and planned["method"].startswith("full: the decoder")
    metrics = fine_tune(settings, scripted())
    run = RunFolder(settings.out)
    assert json.loads(run.metrics_file.read_text()) == metrics and metrics["kimg"] == 0.128
    assert metrics["nats_after"] < metrics["nats_before"] and metrics["nats_scratch"] > 0
    for name in ("kid_before", "kid_after", "kid_scratch", "layout_after", "kid_second_after"):
        assert metrics[name]["n_fake"] == 12
    assert 0 <= metrics["token_runs"]["made"] <= 16 and metrics["reconstruction_after"]["ssim"] <= 1
    for name in ("before_after.png", "reconstructions.png", "curves.png", "README.md", "report.html"):
        assert (run.path / name).is_file(), name
    adapted, source = load_vq(settings.out), load_vq(vq_file)
    pairs = {
        role: zip(source.roles[role].get_weights(), adapted.roles[role].get_weights(), strict=True)
        for role in ("encoder", "decoder")
    }
    moved = {role: any((a != b).any() for a, b in both) for role, both in pairs.items()}
    assert moved == {"encoder": False, "decoder": True}
    assert adapted.spec.num_classes == 0 and adapted.spec.licence == "CC0-1.0"
    assert adapted.spec.source.startswith(f"Adapted from {vq_file} on ")
    np.testing.assert_array_equal(
        adapted.encode(np.load(settings.data)["images"][:4]), source.encode(np.load(settings.data)["images"][:4])
    )
    images = adapted.generate(3, seed=1)
    served = open_model(run.saved_model)
    np.testing.assert_allclose(served.generate(3, seed=1).astype(int), images, atol=1)
    assert {path.name for path in run.tflite.parent.glob("*.tflite")} == {
        "sampler.tflite",
        "encoder.tflite",
        "decoder.tflite",
    }
    assert fine_tune(settings, reporter := scripted()) == metrics
    assert "nothing to do" in reporter.lines[0]


def test_of_few_images_cross_validation_finds_how_long_the_prior_learns(settings, many, tmp_path, scripted, no_exports):
    images = np.load(many)["images"][:12]
    np.savez(tmp_path / "few.npz", images=images)
    metrics = fine_tune(dataclasses.replace(settings, data=tmp_path / "few.npz"), reporter := scripted())
    found = RunFolder(settings.out).notes()["cross_validation"]
    assert metrics["kimg"] == pytest.approx(0.064 + found["kimg"]) and found["folds"] == 4
    assert any(line.startswith("cross-validation: the prior learns for") for line in reporter.lines)


def test_classes_of_the_source_without_images_follow_into_the_new_style(settings, vq_file, many, tmp_path, no_exports):
    np.savez(tmp_path / "dark.npz", images=np.load(many)["images"], labels=["dark"] * 32)
    metrics = fine_tune(dataclasses.replace(settings, data=tmp_path / "dark.npz", labels="own"), reporter := Scripted())
    assert any("classes stay. 1 of them have no images" in line for line in reporter.lines)
    adapted, source = load_vq(settings.out), load_vq(vq_file)
    assert adapted.class_names == ["dark", "light"] and adapted.class_shares == [1.0, 0.0]
    assert metrics["nats_after"] < metrics["nats_before"]
    drawn = adapted.generate(4, seed=0, label="dark"), adapted.generate(4, seed=0)
    assert np.array_equal(*drawn)  # no other class is drawn unless it is asked for
    tokens = source.prior.draw(4, seed=0, label=1)
    assert not np.array_equal(source.decode(tokens), adapted.decode(tokens))
    assert adapted.generate(4, seed=0, label="light").shape == (4, 32, 32, 3)


@pytest.mark.parametrize("method", ["decoder", "prefix"])
def test_a_method_trains_its_part_alone(settings, vq_file, method, no_exports):
    fine_tune(dataclasses.replace(settings, method=method, kimg=0.032))
    adapted, source = load_vq(settings.out), load_vq(vq_file)
    same = [
        np.array_equal(a, b) for a, b in zip(source.decoder.get_weights(), adapted.decoder.get_weights(), strict=True)
    ]
    assert all(same) == (method == "prefix")
    network = adapted.prior.network
    kept = [
        np.array_equal(a, b)
        for a, b in zip(source.prior.network.get_weights(), network.get_weights(), strict=True)
        if a.shape == b.shape
    ]
    assert all(kept)
    row = np.asarray(network.get_layer("embedding").classes)
    old = np.asarray(source.prior.network.get_layer("embedding").classes)
    assert any(np.array_equal(row[0], other) for other in old) == (method == "decoder")


def test_labelled_images_get_classes_of_their_own(settings, no_exports):
    fine_tune(dataclasses.replace(settings, labels="own", method="prior", kimg=0.032))
    adapted = load_vq(settings.out)
    assert adapted.spec.class_names == ["0", "1"] and sum(adapted.spec.class_shares) == pytest.approx(1.0)
    assert adapted.generate(2, label="1").shape == (2, 32, 32, 3)


def test_a_pretraining_makes_a_source(many, tmp_path, scripted, no_exports):
    settings = PretrainVqSettings(
        data=many, out=tmp_path / "new", image_size=32, kimg=0.064, batch_size=8, codes=16, max_channels=8,
        min_channels=4, prior_width=12, prior_depth=1, labels="own", precision="float32", drawn_share=0.0,
        evaluate_every_kimg=0.016,
    )  # fmt: skip
    metrics = pretrain(settings, scripted())
    assert metrics["nats_before"] is None and metrics["nats_after"] > 0 and metrics["kimg"] == 0.064
    vq = load_vq(settings.out)
    assert vq.grid == (4, 4) and vq.spec.num_classes == 2 and vq.encoder.trainable
