import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.training.checkpoint import latest_checkpoint, load_checkpoint
from tests.scripts import import_script

SCRIPTS = Path(__file__).resolve().parents[2] / "saved_models"


@pytest.fixture(scope="module")
def script():
    return import_script(SCRIPTS, "train_vq")


def run(script, monkeypatch, **options):
    texts = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    monkeypatch.setattr(sys, "argv", ["train_vq.py", *texts])
    script.main()


@pytest.fixture
def options(tmp_path):
    """Those of a small training, with images of two classes."""
    rng = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(10):
            image = np.full((32, 32, 3), rng.integers(0, 256, 3), np.uint8)
            image[8:24, 8:24] = 255 - image[8:24, 8:24]
            Image.fromarray(image).save(tmp_path / "data" / name / f"{number}.png")
    return {
        "data": tmp_path / "data", "out": tmp_path / "out", "image_size": 32, "codes": 16, "max_channels": 16,
        "width": 12, "depth": 1, "batch_size": 8, "every": 0.008, "holdout": 0.2,
    }  # fmt: skip


def test_a_training_goes_on_and_keeps_the_best(script, monkeypatch, tmp_path, options):
    run(script, monkeypatch, kimg=0.008, prior_kimg=0, **options)
    run(script, monkeypatch, kimg=0.016, prior_kimg=0.008, decoder_kimg=0.008, draws=8, **options)
    before = load_checkpoint(latest_checkpoint(tmp_path / "out/checkpoints"))[0]
    run(script, monkeypatch, kimg=0.016, prior_kimg=0.008, decoder_kimg=0.016, draws=8, guidance=1.5, **options)
    history = json.loads((tmp_path / "out/history.json").read_text("utf-8"))
    kimgs = [(0.008, 0), (0.016, 0), (0.016, 0.008), (0.024, 0.008), (0.032, 0.008)]
    assert [(row["kimg"], row["prior_kimg"]) for row in history] == kimgs
    assert all(0 < row["sharpness"] and row["psnr"] > 0 for row in (history[0], history[1], *history[3:]))
    assert [row["decoder_kimg"] for row in history[3:]] == pytest.approx([0.008, 0.016])
    assert all(row["d_loss"] > 0 and row["adaptive_weight"] > 0 for row in history[3:])
    vq = keras.models.load_model(tmp_path / "out/best/vq.keras")
    assert vq.class_names == ["cats", "dogs"] and (vq.kimg, vq.prior.kimg) == (0.032, 0.008)
    assert not vq.compiled and not vq.prior.compiled and list(vq.roles) == ["encoder", "decoder", "discriminator"]
    assert vq.encoder.trainable and vq.quantizer.trainable
    assert vq.prior.sampling == {"temperature": 1.0, "top_k": 0, "guidance": 1.5}
    for name in ("encoder", "quantizer", "prior", "decoder"):
        pairs = zip(getattr(before, name).get_weights(), getattr(vq, name).get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs) == (name != "decoder")
    last = load_checkpoint(latest_checkpoint(tmp_path / "out/checkpoints"))[0]
    assert list(last.roles) == ["encoder", "decoder", "discriminator"]
    assert int(last.d_optimizer.iterations) == 1  # the rates of a longer training are planned anew
    for name, size in (("draws", (12 * 32, 2 * 32)), ("reconstructions", (4 * 32, 2 * 32))):
        with Image.open(tmp_path / "out" / f"{name}.png") as sheet:
            assert sheet.size == size


def test_a_later_training_begins_with_what_an_earlier_one_has_learnt(script, monkeypatch, tmp_path, options):
    options = {**options, "levels": 2}
    run(script, monkeypatch, kimg=0.008, prior_kimg=0.008, **options)
    first = tmp_path / "out/best/vq.keras"
    later = {**options, "out": tmp_path / "later", "start": first, "start_prior": first}
    run(script, monkeypatch, kimg=0, prior_kimg=0.008, decoder_kimg=0.008, draws=8, **later)
    before, vq = keras.models.load_model(first), keras.models.load_model(tmp_path / "later/best/vq.keras")
    assert vq.prior_grid == (4, 4) and (vq.kimg, vq.prior.kimg) == (0.008, 0.008)
    for name in ("encoder", "quantizer", "prior", "decoder"):
        pairs = zip(getattr(before, name).get_weights(), getattr(vq, name).get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs) == (name != "decoder")
    judged = {**later, "start": tmp_path / "later/best/vq.keras", "out": tmp_path / "judged", "structure_weight": 0.5}
    run(script, monkeypatch, kimg=0, prior_kimg=0.008, decoder_kimg=0.008, draws=8, **judged)
    last = load_checkpoint(latest_checkpoint(tmp_path / "judged/checkpoints"))[0]
    pairs = zip(vq.discriminator.trainable_weights, last.discriminator.trainable_weights, strict=True)
    assert 0 < max(np.abs(a.numpy() - b.numpy()).max() for a, b in pairs) < 1e-3  # it went on, by one step
    assert last.reconstruction.structure_weight == 0.5
    history = json.loads((tmp_path / "later/history.json").read_text("utf-8"))
    assert [set(row) & {"holdout_nats", "nats", "d_loss"} for row in history] == [{"holdout_nats"}, {"d_loss"}]
    run(script, monkeypatch, kimg=0, prior_kimg=0.016, **{**later, "out": tmp_path / "third"})
    assert keras.models.load_model(tmp_path / "third/best/vq.keras").prior.kimg in (0.008, 0.016)
    run(script, monkeypatch, kimg=0, prior_kimg=0.024, **{**later, "out": tmp_path / "third"})
    last = load_checkpoint(latest_checkpoint(tmp_path / "third/checkpoints"))[0]
    assert last.prior.kimg == 0.024 and int(last.prior.optimizer.iterations) == 1  # the rates are planned anew


def test_every_image_is_learnt_or_put_aside(script):
    image_set = read_images(np.arange(20 * 32 * 32 * 3, dtype=np.uint32).reshape(20, 32, 32, 3).astype(np.uint8), 32, 3)
    learnt, aside = script.split(image_set, 0.25)
    assert (len(learnt), len(aside)) == (15, 5)
