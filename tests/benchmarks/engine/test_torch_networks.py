"""The networks in PyTorch compute what those of Keras do; else their speeds would not compare."""

import functools
import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.scripts import import_script

pytest.importorskip("torch", reason="the extra `bench` brings PyTorch for the benchmarks alone")
ENGINE = Path(__file__).resolve().parents[3] / "benchmarks" / "engine"


@pytest.mark.parametrize("kind", ["gan", "heads", "vae"])
def test_both_sides_compute_the_same(kind, monkeypatch):
    monkeypatch.syspath_prepend(ENGINE)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = importlib.import_module("step_against_pytorch")
    images = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    module.check_same_networks(kind, images)


@pytest.fixture(scope="module")
def vq():
    return import_script(ENGINE, "vq_against_pytorch")


@pytest.mark.parametrize("part", ["autoencoder", "prior"])
def test_both_parts_of_a_vq_vae_agree_with_pytorch(part, vq, monkeypatch):
    monkeypatch.setattr(vq, "BATCH", 4)
    assert max(vq.agreement(part).values()) < 1e-4


def test_another_network_is_no_rival(vq, monkeypatch):
    monkeypatch.setattr(vq, "_prior_pairs", lambda: {"log-odds": (np.float32([1.0, 2.0]), np.float32([1.0, 2.1]))})
    with pytest.raises(ValueError, match=r"prior, log-odds: the two sides differ by 0\.05"):
        vq.agreement("prior")


def test_codes_that_no_vector_chose_begin_anew_as_in_the_package(vq):
    import torch

    model = vq.build("autoencoder")
    codes = vq.Autoencoder(model).codebook
    vectors = torch.from_numpy(np.random.default_rng(0).standard_normal((2048, 32), np.float32))
    codes.update(vectors, codes.tokens(vectors))  # the first: all codes are drawn from the vectors
    drawn = {row.tobytes() for row in codes.codebook.numpy().round(4)}
    assert drawn <= {row.tobytes() for row in vectors.numpy().round(4)} and len(drawn) == len(codes.codebook)
    np.testing.assert_allclose(codes.counts, 2.0)


@pytest.mark.parametrize("part", ["autoencoder", "prior"])
def test_five_steps_of_both_sides_end_at_the_same_loss(part, vq, monkeypatch):
    tokens = np.random.default_rng(1).permutation(vq.CODES)[:128].reshape(2, *vq.GRID).astype(np.int32)
    monkeypatch.setattr(vq, "BATCH", 2)  # fewer vectors than codes: all of them become codes, whatever is drawn
    if part == "prior":
        still = functools.partial(vq.TokenTransformer, dropout=0.0)
        monkeypatch.setattr(vq, "TokenTransformer", still)
        monkeypatch.setattr(vq, "TokenPrior", functools.partial(vq.TokenPrior, token_noise=0.0, label_dropout=0.0))
        monkeypatch.setattr(vq, "random_batch", lambda part: (tokens, np.int32([3, 7])))
    monkeypatch.setattr(vq.interleaved, "repeated", lambda step, wait=None: step)
    ours, theirs = vq.keras_step(part, "float32"), vq.torch_step(part, "float32", vq.VARIANTS[part][1])
    expected = [float(ours()["loss"]) for _ in range(5)]  # running means
    losses = [theirs() for _ in range(5)]
    np.testing.assert_allclose(np.cumsum(losses) / np.arange(1, 6), expected, rtol=2e-3)
    assert abs(losses[-1] / losses[0] - 1.0) > 0.02
