import keras
import numpy as np
import pytest

from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings
from keras_transfer_gen.recipes.training.vq import cross_validation
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.vqvae import VQVAE

OPTIONS = {"max_channels": 8, "min_channels": 4}
TOKENS = np.zeros((2, 4, 4), np.int32)


class Known:
    """A prior whose nats are known beforehand."""

    def __init__(self, nats):
        self.left, self.fitted = list(nats), 0

    def nats(self, tokens, labels):
        return np.full(len(tokens), self.left.pop(0))

    def fit(self, stream, steps_per_epoch, verbose):
        self.fitted += steps_per_epoch


def test_a_fold_ends_where_its_nats_rise():
    prior = Known([9.0, 7.0, 8.0, 7.5, 7.2, 0.0])
    assert cross_validation.fold_curve(prior, None, TOKENS, None, steps=5) == [9.0, 7.0, 8.0, 7.5, 7.2]
    assert prior.fitted == 20
    falling = Known(range(100, 0, -1))
    assert len(cross_validation.fold_curve(falling, None, TOKENS, None, 1)) == cross_validation.POINTS + 1


@pytest.fixture(scope="module")
def vq():
    keras.utils.set_random_seed(0)
    prior = TokenPrior(TokenTransformer((4, 4), 16, 2, width=12, depth=1, heads=2))
    return VQVAE(build_token_encoder(32, **OPTIONS), VectorQuantizer(16), build_token_decoder(32, **OPTIONS), prior)


@pytest.fixture(scope="module")
def alike():
    """10 images that are nearly the same: each is told by the others."""
    rng = np.random.default_rng(0)
    images = np.clip(rng.integers(0, 256, (1, 32, 32, 3)) + rng.integers(-3, 4, (10, 32, 32, 3)), 0, 255)
    return read_images(images.astype(np.uint8), 32, 3)


def found(vq, alike, **changed):
    options = {
        "data": "x",
        "source": "y",
        "out": "z",
        "augment": "none",
        "batch_size": 8,
        "learning_rate": 0.01,
        **changed,
    }
    settings = FineTuneVqSettings(**options)
    return cross_validation.measure_prior_kimg(vq, alike, False, [2], settings, 0.384, SILENT)


def test_what_is_told_by_the_others_is_learnt_and_the_source_stays_as_it_is(vq, alike):
    before = [np.array(weight) for weight in vq.prior.network.get_weights()]
    result = found(vq, alike)
    assert result["folds"] == 4 and result["kimg"] > 0 and min(result["nats"]) < 0.7 * result["nats"][0]
    assert result["kimg"] == pytest.approx(0.032 * int(np.argmin(result["nats"])))
    assert result == found(vq, alike)
    for old, new in zip(before, vq.prior.network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_training_that_makes_every_fold_worse_is_left_out(vq, alike):
    result = found(vq, alike, learning_rate=30.0)
    assert result["kimg"] == 0 and len(result["nats"]) == cross_validation.PATIENCE + 1
