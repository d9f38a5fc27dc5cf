import keras
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.tokens.autoencoder import build_token_decoder, build_token_encoder
from keras_transfer_gen.networks.tokens.patch_discriminator import build_patch_discriminator
from keras_transfer_gen.networks.tokens.quantizer import VectorQuantizer
from keras_transfer_gen.training.vqvae import VQVAE
from keras_transfer_gen.training.vqvae_checks import check_discriminator, check_networks, vq_spec

OPTIONS = {"max_channels": 16, "min_channels": 8}


def test_networks_must_fit_each_other():
    encoder, decoder = build_token_encoder(32, **OPTIONS), build_token_decoder(32, **OPTIONS)
    check_networks(encoder, VectorQuantizer(16), decoder)
    with pytest.raises(checks.UserError, match="same code_dim"):
        check_networks(encoder, VectorQuantizer(16, code_dim=8), decoder)
    with pytest.raises(checks.UserError, match=r"decoder.*\(4, 4, 32\)"):
        check_networks(encoder, VectorQuantizer(16), build_token_decoder(32, downsampling=4, **OPTIONS))
    inputs = keras.Input((32, 32, 3))
    flat = keras.Model(inputs, keras.layers.Flatten()(inputs))
    with pytest.raises(checks.UserError, match="build_token_encoder"):
        check_networks(flat, VectorQuantizer(16), decoder)


def test_the_spec_follows_from_the_networks():
    networks = build_token_encoder(32, channels=1, **OPTIONS), build_token_decoder(32, channels=1, **OPTIONS)
    vq = VQVAE(networks[0], VectorQuantizer(16), networks[1], class_names=["cats"])
    vq.source, vq.licence = "drawn", "CC0"
    spec = vq_spec(vq)
    assert (spec.source, spec.licence) == ("drawn", "CC0")
    assert (spec.image_size, spec.channels, spec.latent_dim, spec.num_classes) == (32, 1, 16, 0)
    assert spec.family == "vq" and spec.class_names == []


def test_a_discriminator_must_take_the_decoders_images():
    decoder = build_token_decoder(32, **OPTIONS)
    check_discriminator(build_patch_discriminator(32, **OPTIONS), decoder)
    for other in (build_patch_discriminator(32, 1, **OPTIONS), "patch", decoder):
        with pytest.raises(checks.UserError, match=r"discriminator.*\(32, 32, 3\)"):
            check_discriminator(other, decoder)
