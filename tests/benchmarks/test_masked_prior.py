"""Masked priors learn, fill every position and keep what is kept; a whole run with a tiny source of two levels."""

import importlib
import itertools
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.residual_quantizer import ResidualQuantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.vqvae import VQVAE

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
WIDTHS = {"max_channels": 8, "min_channels": 4}
SMALL = {"num_codes": 8, "num_classes": 2, "width": 16, "depth": 1, "heads": 2, "dropout": 0.0}
# Class 0 has even tokens, class 1 odd ones, each grid one token throughout.
LABELS = np.arange(64) % 2
TOKENS = np.broadcast_to(((np.arange(64) // 2 % 4) * 2 + LABELS)[:, None, None], (64, 2, 3)).astype("int32")


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
        patch.setattr(sys, "dont_write_bytecode", True)
        yield importlib.import_module("masked_prior")


@pytest.fixture(scope="module")
def trained(script):
    keras.utils.set_random_seed(0)
    prior = script.MaskedPrior(script.build_masked((2, 3), **SMALL), token_noise=0.0)
    before = prior.evaluate(TOKENS, LABELS)[0]
    prior.compile(keras.optimizers.Adam(0.01))
    prior.fit(TOKENS, LABELS, epochs=80, batch_size=16, verbose=0)
    return before, prior


def test_the_loss_falls(trained):
    before, prior = trained
    assert before == pytest.approx(6 * np.log(8), rel=0.1)
    # One token says all others. With all six hidden, any of four may be there; so in one of the four ways of hiding,
    # which hide 6, 5, 4 and 2 tokens.
    assert prior.evaluate(TOKENS, LABELS)[0] == pytest.approx(6 * 6 * np.log(4) / 17, abs=0.5)


def test_it_is_of_the_size_of_its_rival_but_for_the_mask(script):
    ours, theirs = script.build_masked((2, 3), **SMALL), TokenTransformer((2, 3), **SMALL)
    assert ours.count_params() == theirs.count_params() + SMALL["width"]
    names = [[layer.name for layer in network.layers if layer.weights] for network in (ours, theirs)]
    assert names[0] == names[1]


def test_each_position_sees_all_others_and_not_its_own_token(script):
    network = script.build_masked((2, 3), **SMALL)
    tokens = np.full((1, 6), 8)
    labels = np.zeros(1, np.int32)
    before = network({"tokens": tokens, "labels": labels}).numpy()[0]
    tokens[0, 4] = 3
    changed = np.abs(network({"tokens": tokens, "labels": labels}).numpy()[0] - before).max(axis=1)
    assert (changed > 0).all()


def test_masks_hide_as_many_as_the_cosine_says(script):
    masks = importlib.import_module("masked_tokens").masks
    uniforms = tf.constant(np.random.default_rng(0).random((3, 16), np.float32))
    hidden = masks(uniforms, tf.constant([0.0, 0.6, 1.0])).numpy()
    assert hidden.sum(axis=1).tolist() == [16, 10, 1]  # 16 times the cosine of 54 degrees is 9.4
    assert hidden[2, np.argmin(uniforms[2])]


@pytest.mark.parametrize("steps", [1, 4, 8])
def test_all_positions_are_filled_after_the_last_step(trained, steps):
    grids = trained[1].draw(5, seed=0, label=1, steps=steps)
    assert grids.shape == (5, 2, 3) and grids.dtype == np.int32 and (grids >= 0).all() and (grids < 8).all()


def test_draws_are_of_the_class_and_of_one_token(trained):
    for guidance in (1.0, 2.0):
        grids = trained[1].draw(64, seed=0, label=1, guidance=guidance, noise=1.0)
        assert np.mean(grids % 2) > 0.8 and np.mean(grids == grids[:, :1, :1]) > 0.8
        assert len(np.unique(grids[:, 0, 0])) >= 3


def test_a_draw_depends_on_the_seed_and_its_number_alone(trained):
    prior = trained[1]
    labels = np.arange(40) % 2
    grids = prior.draw(40, seed=3, label=labels)
    np.testing.assert_array_equal(prior.draw(3, seed=3, label=labels[35:38], start=35), grids[35:38])
    assert not np.array_equal(prior.draw(40, seed=4, label=labels), grids)


def test_what_is_kept_stays_and_the_rest_follows(trained):
    known = np.full((32, 2, 3), 3, "int32")
    for row in (0, 1):
        keep = np.arange(2)[:, None] == np.full((1, 3), row)
        grids = trained[1].draw(32, seed=0, label=1, known=known, keep=keep)
        assert (grids[:, row] == 3).all() and np.mean(grids[:, 1 - row] == 3) > 0.8
    all_kept = trained[1].draw(2, known=known[:2], keep=np.ones((2, 3), bool))
    np.testing.assert_array_equal(all_kept, known[:2])


def test_the_learning_rate_rises_and_falls_with_the_clock(script):
    assert script.learning_rate(0, 0.0) == 0.0
    assert script.learning_rate(100, 0.0) == pytest.approx(1e-3)
    assert script.learning_rate(1000, 0.5) == pytest.approx(0.51e-3)
    assert script.learning_rate(1000, 1.2) == pytest.approx(2e-5)


def test_a_rival_trains_for_its_time_and_takes_the_best_weights(script, monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(script, "time", SimpleNamespace(perf_counter=lambda: next(ticks) / 8))  # a step takes 1/8 s
    prior = TokenPrior(TokenTransformer((2, 3), **SMALL))
    rival = script.Rival(prior, (TOKENS, LABELS.astype(np.int32)), 1 / 60, 8, seed=0)
    traced = int(prior.step.numpy())
    start = prior.network.get_weights()
    rival.note(TOKENS, LABELS)
    rival.train(0.5)
    assert rival.spent == 0.5 and prior.step.numpy() - traced == 4
    rival.train(20.0)
    assert rival.spent == 1.0 and prior.step.numpy() - traced == 8
    rival.curve[0]["nats"] = 0.0  # as if it had only become worse
    rival.note(TOKENS, LABELS)
    assert any((now != before).any() for now, before in zip(prior.network.get_weights(), start, strict=True))
    assert rival.finish()["best"]["minutes"] == 0.0
    for now, before in zip(prior.network.get_weights(), start, strict=True):
        np.testing.assert_array_equal(now, before)


@pytest.fixture
def source(tmp_path, sample_images):
    """A VQ-VAE of 32 px with two levels of tokens and a prior, hardly trained."""
    quantizer = ResidualQuantizer(2, 16)
    parts = build_token_encoder(32, **WIDTHS), quantizer, build_token_decoder(32, **WIDTHS)
    prior = TokenPrior(TokenTransformer((8, 4), 32, 0, width=12, depth=1, heads=2))
    model = VQVAE(*parts, prior=prior)
    model.compile()
    model.fit(sample_images, batch_size=6, epochs=1, verbose=0)
    model.save(tmp_path / "vq.keras")
    return tmp_path / "vq.keras"


@pytest.fixture
def folder(tmp_path, sample_images):
    """Two classes of eight images."""
    for number in range(16):
        path = tmp_path / "data" / ("cats", "dogs")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = np.roll(sample_images[number % len(sample_images)], number, axis=1)
        path.write_bytes(tf.io.encode_png(image).numpy())
    return tmp_path / "data"


def test_a_run_scores_draws_and_edits_of_both(script, source, folder, tmp_path, monkeypatch, quick_scores):
    out = tmp_path / "out"
    words = f"--source {source} --data {folder} --minutes 0.005 --seeds 1 --steps 2 --copies 2 --holdout 0.25"
    monkeypatch.setattr(sys, "argv", ["masked_prior.py", *words.split(), "--batch-size", "4", "--out", str(out)])
    script.main()
    result = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert result["size"]["grid"] == [4, 4] and result["size"]["num_codes"] == 16 and result["put_aside"] == 4
    (run,) = result["runs"]
    assert list(run["scores"]) == ["one token at a time", "masked, 2 steps, noise 4.5", "true tokens"]
    for way in list(run["scores"])[:2]:
        scores = run["scores"][way]
        assert all(np.isfinite(value) for value in scores.values())
        assert scores["seconds_for_64"] > 0 and scores["top_pixels"] > 0 and scores["bottom_features"] >= 0
    for note in run["training"].values():
        assert note["kimg"] > 0 and 0.005 <= note["curve"][-1]["minutes"] < 0.1
    table = (out / "table.md").read_text(encoding="utf-8")
    assert "| score | one token at a time | masked, 2 steps, noise 4.5 | true tokens | better |" in table
    assert f"--source {source}" in result["command"] and "--batch-size 4" in result["command"]
    shapes = {path.name: tf.io.decode_png(path.read_bytes()).shape for path in out.glob("*.png")}
    assert sorted(shapes) == ["draws_0.png", "draws_1.png", "edits_bottom.png", "edits_top.png"]
    assert shapes["edits_top.png"][0] == 4 * (24 + 32)  # kept, two ways, true tokens, each with its label
    monkeypatch.setattr(script, "trained", lambda *_: pytest.fail("a finished seed is kept"))
    script.main()
    assert json.loads((out / "results.json").read_text(encoding="utf-8"))["runs"] == [run]


def test_halves_are_complements_and_cover_their_pixels(script):
    top, bottom = script.halves((4, 2)).values()
    assert top.sum() == bottom.sum() == 4 and not (top & bottom).any() and top[:2].all()
    pixels = script.in_pixels(top[:, :1].repeat(4, 1), 32)
    assert pixels.shape == (32, 32) and pixels[:16].all() and not pixels[16:].any()


def test_the_table_names_what_is_better(script):
    def run(first, second):
        names = importlib.import_module("source_tables").MASKED
        scores = {"a": dict.fromkeys(names, first), "b": dict.fromkeys(names, second), "true": {"kid": 0.5}}
        note = {"parameters": 1234, "kimg": 2.0, "best": {"minutes": 0.5}}
        return {"scores": scores, "training": {"a": note, "b": note}}

    runs = [run(1.0, 2.0), run(3.0, 2.0), run(1.0, 4.0)]
    lines = script.masked_table({"date": "2026-01-02", "command": "x", "minutes": 3.0, "runs": runs}).splitlines()
    assert lines[4] == "| KID x 1000 | 1.0 (1.0 to 3.0) | 2.0 (2.0 to 4.0) | 0.5 (0.5 to 0.5) | a (2 of 3) |"
    assert lines[7] == "| precision | 1.00 (1.00 to 3.00) | 2.00 (2.00 to 4.00) | | b (2 of 3) |"
    assert "| a | 1,234 | 2.0 (2.0 to 2.0) | 0.5 (0.5 to 0.5) |" in lines and lines[-1] == "Command: `x`"
