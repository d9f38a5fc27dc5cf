"""What `VQVAE.encode`, `decode` and `generate` share; tests/training/test_vqvae.py has the whole."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.checks import UserError
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.training import token_codec
from keras_transfer_gen.training.vqvae import VQVAE

FEW = {"max_channels": 8, "min_channels": 4}
IMAGES = np.random.default_rng(0).integers(0, 256, (pixels.RENDER_BATCH + 3, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def vq():
    keras.utils.set_random_seed(0)
    vq = VQVAE(build_token_encoder(32, **FEW), VectorQuantizer(16), build_token_decoder(32, **FEW))
    vq.quantizer.codebook.assign(np.random.default_rng(1).standard_normal((16, 32)))
    return vq


def test_batches_are_put_together_in_order(vq):
    tokens = token_codec.encode_images(vq, IMAGES)
    assert tokens.shape == (len(IMAGES), 4, 4) and tokens.dtype == np.int32
    last = token_codec.batch_tokens(vq, tf.constant(IMAGES[-2:] / np.float32(127.5) - 1))
    np.testing.assert_array_equal(tokens[-2:], last)
    images = token_codec.decode_tokens(vq, tokens)
    assert images.shape == IMAGES.shape and images.dtype == np.uint8
    np.testing.assert_array_equal(images[-1:], token_codec.decode_tokens(vq, tokens[-1:]))


def test_what_is_no_grid_or_has_no_prior_is_refused(vq):
    with pytest.raises(UserError, match=r"integers \[n, 4, 4\]"):
        token_codec.decode_tokens(vq, np.zeros((2, 3, 4), int))
    with pytest.raises(UserError, match="no prior"):
        token_codec.draw_grids(vq, 1, 0, None, None, 0, 1.0, 0, 1.0)
