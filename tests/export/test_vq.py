import keras
import numpy as np
import pytest

from keras_transfer_gen import pixels
from keras_transfer_gen.export.run_tflite import run_tflite_function
from keras_transfer_gen.export.saved_model import write_saved_model
from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.export.vq import PARTS, VqNetworks, copy_quantizer, vq_servable
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.finite_scalar_quantizer import FiniteScalarQuantizer
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.networks.tokens.residual_quantizer import ResidualQuantizer
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer
from keras_transfer_gen.recipes.models.image_generators import open_generator
from keras_transfer_gen.training.latents import numbered_latents
from keras_transfer_gen.training.token_prior import TokenPrior
from keras_transfer_gen.training.token_sampler import build_sampler
from keras_transfer_gen.training.vqvae import VQVAE

OPTIONS = {"max_channels": 8, "min_channels": 4}


@pytest.mark.parametrize(
    ("depth", "drawn", "sampling"),
    [(1, 1, {}), (2, 2, {"temperature": 0.9, "top_k": 9, "guidance": 1.5}), (2, 1, {"guidance": 2.0})],
)
def test_sampler_encoder_and_decoder_give_what_the_model_gives(tmp_path, depth, drawn, sampling):
    """Files for phones hold the whole loop over the tokens, in builtin operators."""
    keras.utils.set_random_seed(0)
    prior = TokenPrior(TokenTransformer((4 * drawn, 4), 16 * drawn, 2, width=12, depth=1, heads=2), **sampling)
    quantizer = VectorQuantizer(16) if depth == 1 else ResidualQuantizer(depth, 16)
    networks = build_token_encoder(32, **OPTIONS), quantizer, build_token_decoder(32, **OPTIONS)
    vq = VQVAE(*networks, prior=prior, class_names=["a", "b"])
    for level in getattr(quantizer, "levels", [quantizer]):
        level.codebook.assign(np.random.default_rng(0).normal(size=(16, 32)))
    servable = vq_servable(VqNetworks(build_sampler(vq), vq.encoder, vq.decoder, vq.quantizer, vq.spec))
    files = {part: write_tflite(servable, tmp_path / f"{part}.tflite", part=part) for part in PARTS}
    images = vq.generate(4, seed=3, label="b")
    if sampling:
        write_saved_model(servable, tmp_path / "saved")  # which compares it with the model
        served = open_generator(tmp_path / "saved", "saved").generate(4, seed=3, label="b")
        assert np.abs(served.astype(int) - images).max() <= 1
    latents = numbered_latents(range(4), 16 * drawn, seed=3, distribution="uniform")
    for row in range(4):
        inputs = {"latents": latents[row : row + 1], "labels": np.int32([1])}
        made = run_tflite_function(files["sampler"], inputs)["images"]
        assert np.abs(np.asarray(pixels.to_uint8(made)).astype(int) - images[row]).max() <= 1
    tokens = run_tflite_function(files["encoder"], {"images": np.asarray(pixels.to_model_range(images[:1]))})["tokens"]
    np.testing.assert_array_equal(tokens, vq.encode(images[:1]))
    again = run_tflite_function(files["decoder"], {"tokens": np.int32(tokens)})["images"]
    assert np.abs(np.asarray(pixels.to_uint8(again)).astype(int) - vq.decode(tokens)).max() <= 1


def test_the_copy_of_a_quantizer_gives_its_tokens_and_codes():
    vectors = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype(np.float32)
    learnt = VectorQuantizer(16, code_dim=3)
    learnt.build(vectors.shape)
    learnt.codebook.assign(np.random.default_rng(1).normal(size=(16, 3)))
    for quantizer in (learnt, FiniteScalarQuantizer((4, 3, 3))):
        if not quantizer.built:
            quantizer.build(vectors.shape)
        copy = copy_quantizer(quantizer, vectors.shape)
        tokens = quantizer.tokens(vectors)
        np.testing.assert_array_equal(copy.tokens(vectors), tokens)
        np.testing.assert_array_equal(copy.lookup(tokens), quantizer.lookup(tokens))
