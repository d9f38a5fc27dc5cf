"""The networks in PyTorch compute what those of Keras do; else their speeds would not compare."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `bench` brings PyTorch for the benchmarks alone")
ENGINE = Path(__file__).resolve().parents[3] / "benchmarks" / "engine"


@pytest.mark.parametrize("kind", ["gan", "heads", "vae"])
def test_both_sides_compute_the_same(kind, monkeypatch):
    monkeypatch.syspath_prepend(ENGINE)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = importlib.import_module("step_against_pytorch")
    images = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    module.check_same_networks(kind, images)
