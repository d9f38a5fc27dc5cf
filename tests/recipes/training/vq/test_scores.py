import types

import numpy as np
import pytest

from keras_transfer_gen.recipes.training.vq import scores


def test_reconstructions_are_compared_with_their_originals(vq, aside):
    measured = scores.reconstruction_scores(vq, aside)
    error = ((vq.reconstruct(aside) / 255.0 - aside / 255.0) ** 2).mean((1, 2, 3))
    assert measured["psnr"] == pytest.approx(float((-10 * np.log10(error)).mean()), abs=1e-3)
    assert -1 <= measured["ssim"] <= 1


def test_runs_of_tokens_that_were_learnt_are_reported(vq, aside):
    images = types.SimpleNamespace(training=types.SimpleNamespace(images=aside), holdout=aside)
    measured = scores._token_runs(vq, images, vq.generate(8))
    assert measured["put_aside"] == measured["positions"] == 16 and measured["compared"] == 4
    assert 0 <= measured["made"] <= 16
