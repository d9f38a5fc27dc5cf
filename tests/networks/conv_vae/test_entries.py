import pytest

from keras_transfer_gen.networks.conv_vae.entries import CONV_VAE, PLAIN_CONV_VAE
from keras_transfer_gen.networks.layers import ChannelScale, FusedBatchNormalization
from keras_transfer_gen.specs import ModelSpec


@pytest.mark.parametrize(("entry", "norm"), [(CONV_VAE, FusedBatchNormalization), (PLAIN_CONV_VAE, ChannelScale)])
def test_entry_builds_encoder_and_decoder(entry, norm):
    spec = ModelSpec(image_size=28, channels=1, latent_dim=3, family="vae")
    encoder, decoder = entry.build(spec, {"max_channels": 8, "min_channels": 4})
    assert encoder.output_shape == [(None, 3), (None, 3)] and decoder.output_shape == (None, 28, 28, 1)
    assert isinstance(decoder.get_layer("block_14").norm, norm) and entry.family == "vae"
