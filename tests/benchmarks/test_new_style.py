"""Colours of a style, by closed forms."""

from pathlib import Path

import numpy as np
import pytest

from tests.scripts import import_script

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def new_style():
    return import_script(BENCHMARKS, "new_style")


def test_colours_get_mean_and_covariance_of_the_style_and_white_stays(new_style):
    rng = np.random.default_rng(0)
    mix = np.array([[0.7, 0.2, 0.0], [0.1, 0.8, 0.1], [0.0, 0.3, 0.6]])
    seen = np.clip(rng.normal(120, 20, (40, 8, 8, 3)), 0, 245).astype(np.uint8)
    style = np.round(90 + (seen - 120.0) @ mix).astype(np.uint8)
    seen[:, 0], style[:, 0] = 255, 255
    result = new_style.recoloured(seen, seen, style)
    assert (result[:, 0] == 255).all()
    ink, wanted = (part[:, 1:].reshape(-1, 3).astype(float) for part in (result, style))
    np.testing.assert_allclose(ink.mean(axis=0), wanted.mean(axis=0), atol=0.5)
    np.testing.assert_allclose(np.cov(ink.T), np.cov(wanted.T), atol=6.0)  # of up to 300; rounding adds a little


def test_colours_that_are_those_of_the_style_stay(new_style):
    images = np.random.default_rng(1).integers(0, 240, (20, 8, 8, 3)).astype(np.uint8)
    assert np.abs(new_style.recoloured(images, images, images).astype(int) - images).max() <= 1
