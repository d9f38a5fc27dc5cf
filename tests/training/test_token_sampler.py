import keras
import numpy as np
import pytest

from keras_transfer_gen import pixels
from keras_transfer_gen.export.float32_copy import float32_copy
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.training.latents import numbered_labels, numbered_latents
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.token_sampler import build_sampler
from keras_transfer_gen.training.vqvae import VQVAE

OPTIONS = {"max_channels": 8, "min_channels": 4}


@pytest.mark.parametrize(
    ("classes", "sampling"), [(0, {}), (2, {}), (2, {"temperature": 0.9, "top_k": 5, "guidance": 1.5})]
)
def test_the_sampler_generates_what_the_model_generates(classes, sampling):
    keras.utils.set_random_seed(0)
    prior = TokenPrior(TokenTransformer((4, 4), 16, classes, width=12, depth=1, heads=2), **sampling)
    networks = build_token_encoder(32, **OPTIONS), VectorQuantizer(16), build_token_decoder(32, **OPTIONS)
    vq = VQVAE(*networks, prior=prior, class_names=["a", "b"][:classes])
    vq.quantizer.codebook.assign(np.random.default_rng(0).normal(size=(16, 32)))
    sampler = build_sampler(vq)
    again = keras.models.clone_model(sampler).get_layer("sampler")
    assert again.options == vq.prior.sampling == {"temperature": 1.0, "top_k": 0, "guidance": 1.0, **sampling}
    inputs = latents = numbered_latents(range(5), 16, seed=1, distribution=vq.spec.distribution)
    if classes:
        inputs = {"latents": latents, "labels": np.int32(numbered_labels(range(5), classes, seed=1))}
    images = vq.generate(5, seed=1)
    assert images.std() > 1
    for generator in (sampler, float32_copy(sampler)):
        again = pixels.to_uint8(generator(inputs)).numpy()
        np.testing.assert_allclose(again.astype(int), images, atol=1)
