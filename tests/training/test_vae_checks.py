import keras
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae_decoder, build_conv_vae_encoder
from keras_transfer_gen.specs import ModelSpec
from keras_transfer_gen.training.vae_checks import check_shapes, functional_pair, vae_spec

SMALL = {"latent_dim": 4, "max_channels": 8, "min_channels": 8}


def test_networks_that_fit_tell_the_size_of_their_latents():
    assert check_shapes(build_conv_vae_encoder(32, **SMALL), build_conv_vae_decoder(32, **SMALL)) == 4


def test_networks_that_do_not_fit_are_refused():
    encoder, decoder = build_conv_vae_encoder(32, **SMALL), build_conv_vae_decoder(32, **SMALL)
    with pytest.raises(checks.UserError, match=r"`encoder` must be a model with two outputs"):
        check_shapes(keras.Model(encoder.input, encoder.outputs[0]), decoder)
    with pytest.raises(checks.UserError, match=r"`decoder` must be a model of latents \[batch, 4\].*latent_dim="):
        check_shapes(encoder, build_conv_vae_decoder(32, **{**SMALL, "latent_dim": 5}))
    with pytest.raises(checks.UserError, match=r"`decoder` must be a model that makes images \(32, 32, 3\)"):
        check_shapes(encoder, build_conv_vae_decoder(32, 1, **SMALL))


def test_spec_is_one_of_a_vae():
    spec = ModelSpec(image_size=32, channels=3, latent_dim=4, licence="CC0-1.0")
    assert spec.family == "gan" and vae_spec(spec, 4).family == "vae" and vae_spec(spec, 4).licence == "CC0-1.0"
    with pytest.raises(checks.UserError, match="`spec` must be one of 5 latent"):
        vae_spec(spec, 5)


def sequential_decoder():
    return keras.Sequential([keras.layers.Dense(3072), keras.layers.Reshape((32, 32, 3))])


def test_decoder_takes_its_shape_from_the_encoder_or_the_spec():
    encoder = build_conv_vae_encoder(32, **SMALL)
    spec = ModelSpec(image_size=32, channels=3, latent_dim=4)
    for arguments in ((), (spec,)):
        pair = functional_pair(encoder, sequential_decoder(), *arguments)
        assert pair[0] is encoder and pair[1].input_shape == (None, 4)
    with pytest.raises(checks.UserError, match="`decoder` must be a keras.Model"):
        functional_pair(encoder, "decoder.keras")
