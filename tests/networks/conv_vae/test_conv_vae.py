import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.conv_vae.conv_vae import (
    build_conv_vae,
    build_conv_vae_decoder,
    build_conv_vae_encoder,
    build_plain_conv_vae,
)


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3), (64, 1), (128, 3)])
def test_networks_fit_each_other_at_every_size(size, channels):
    encoder, decoder = build_conv_vae(size, channels, latent_dim=6, max_channels=16, min_channels=8)
    sample_images = np.random.default_rng(0).uniform(-1, 1, (2, size, size, channels)).astype(np.float32)
    mean, log_var = encoder(sample_images)
    assert mean.shape == log_var.shape == (2, 6)
    made = decoder(mean).numpy()
    assert made.shape == sample_images.shape and made.dtype == np.float32 and np.abs(made).max() <= 1


def test_blocks_are_named_after_their_side():
    encoder, decoder = build_conv_vae(28, 1, max_channels=16, min_channels=8)
    blocks = [[layer.name for layer in network.layers if "block" in layer.name] for network in (encoder, decoder)]
    assert blocks == [["block_28", "block_14"], ["block_7", "block_14", "block_28"]]
    assert decoder.get_layer("block_7").filters == 16 and decoder.get_layer("block_28").filters == 8
    assert [output.name for output in encoder.layers[-2:]] == ["z_mean", "z_log_var"]


def test_posterior_begins_near_the_prior():
    encoder = build_conv_vae_encoder(32, max_channels=32)
    sample_images = np.random.default_rng(0).uniform(-1, 1, (8, 32, 32, 3)).astype(np.float32)
    log_var = encoder(sample_images)[1].numpy()
    assert np.abs(log_var).max() < 0.5


def test_networks_survive_saving(tmp_path):
    decoder = build_conv_vae_decoder(32, max_channels=16)
    decoder.save(tmp_path / "decoder.keras")
    twin = keras.models.load_model(tmp_path / "decoder.keras")
    z = np.ones((2, 64), np.float32)
    assert np.array_equal(decoder(z), twin(z))


def test_other_sizes_are_refused():
    with pytest.raises(checks.UserError, match="`image_size` must be one of"):
        build_conv_vae_encoder(48)
    with pytest.raises(checks.UserError, match="`channels` must be one of"):
        build_conv_vae_decoder(32, 2)


def test_plain_networks_are_the_same_in_training_and_in_use(tmp_path):
    encoder, decoder = build_plain_conv_vae(32, latent_dim=4, max_channels=16, min_channels=8)
    sample_images = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype(np.float32)
    z = encoder(sample_images, training=True)[0]
    assert np.array_equal(z, encoder(sample_images, training=False)[0])
    np.testing.assert_allclose(decoder(z, training=True), decoder(z, training=False), atol=1e-5)
    norms, _ = build_conv_vae(32, latent_dim=4, max_channels=16, min_channels=8)
    assert not np.allclose(norms(sample_images, training=True)[0], norms(sample_images, training=False)[0])
    decoder.save(tmp_path / "decoder.keras")
    twin = keras.models.load_model(tmp_path / "decoder.keras")
    assert not twin.get_layer("block_8").normalized and np.array_equal(twin(z), decoder(z))
    assert {v.name for v in twin.get_layer("block_8").norm.variables} == {"gamma", "beta"}


def test_blocks_saved_before_there_was_a_choice_have_norms():
    from keras_transfer_gen.networks.conv_vae.conv_vae import EncoderBlock

    config = EncoderBlock(8).get_config()
    del config["normalized"]
    assert EncoderBlock.from_config(config).normalized
