from types import SimpleNamespace

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.between import latents_between

Z, W = SimpleNamespace(name="z"), SimpleNamespace(name="w")


def test_latents_lie_on_an_arc_and_styles_on_a_line():
    start, end = np.float32([1, 0]), np.float32([0, 1])
    np.testing.assert_allclose(latents_between(Z, start, end, 0.5), [0.5**0.5] * 2, atol=1e-6)
    styles = np.float32([[1, 0], [3, 0]]), np.float32([[0, 1], [0, 1]])
    np.testing.assert_allclose(latents_between(W, *styles, 0.25), [[0.75, 0.25], [2.25, 0.25]])


def test_the_ends_are_the_given_latents():
    start, end = np.random.default_rng(0).standard_normal((2, 8)).astype(np.float32)
    for space in (Z, W):
        np.testing.assert_allclose(latents_between(space, start, end, 0), start, atol=1e-6)
        np.testing.assert_allclose(latents_between(space, start, end, 1), end, atol=1e-6)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), "x"])
def test_shares_out_of_range_are_refused(share):
    with pytest.raises(checks.UserError, match="`share` must be a number of at least 0 and at most 1"):
        latents_between(W, np.zeros(2), np.ones(2), share)
