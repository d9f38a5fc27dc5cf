import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.autoencoder import ResidualBlock, build_token_decoder, build_token_encoder


@pytest.mark.parametrize(("side", "downsampling", "grid"), [(32, 4, 8), (64, 8, 8), (64, 16, 4)])
def test_the_grid_follows_from_the_downsampling(side, downsampling, grid):
    options = {"downsampling": downsampling, "max_channels": 16, "min_channels": 8}
    encoder, decoder = build_token_encoder(side, **options), build_token_decoder(side, **options)
    assert encoder.output_shape == decoder.input_shape == (None, grid, grid, 32)
    assert decoder.output_shape == (None, side, side, 3)


def test_blocks_are_named_after_sides():
    options = {"max_channels": 16, "min_channels": 8, "residual_blocks": 2}
    encoder, decoder = build_token_encoder(32, **options), build_token_decoder(32, **options)
    names = ["block_32", "block_16", "block_8", "residual_1", "residual_2", "to_codes"]
    assert [layer.name for layer in encoder.layers][1:] == names
    names = ["from_codes", "residual_1", "residual_2", "block_8", "block_16", "block_32", "to_image"]
    assert [layer.name for layer in decoder.layers][1:] == names


def test_a_residual_block_of_zero_convolutions_is_the_identity():
    block = ResidualBlock()
    x = np.random.default_rng(0).standard_normal((2, 4, 4, 8)).astype("float32")
    block.build(x.shape)
    block.convs[1].kernel.assign(np.zeros_like(block.convs[1].kernel))
    np.testing.assert_array_equal(block(x), x)


def test_weights_survive_a_file(tmp_path):
    decoder = build_token_decoder(32, max_channels=16, min_channels=8)
    decoder.save(tmp_path / "decoder.keras")
    codes = np.random.default_rng(0).standard_normal((2, 4, 4, 32)).astype("float32")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "decoder.keras")(codes), decoder(codes))


def test_what_cannot_be_built_is_refused():
    with pytest.raises(checks.UserError, match="downsampling"):
        build_token_encoder(64, downsampling=5)
    with pytest.raises(checks.UserError, match="multiple of downsampling=8"):
        build_token_decoder(28, downsampling=8)
