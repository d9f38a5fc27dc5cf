import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.export.parity import ExportError, probe_latents
from keras_transfer_gen.export.vae_twin import float32_vae
from keras_transfer_gen.networks.priors.priors import GaussianPrior
from keras_transfer_gen.training.precision import set_precision


@pytest.fixture
def vae(vae_file):
    from keras_transfer_gen.recipes.models.load_vae import load_vae

    return load_vae(vae_file)


def test_twin_draws_from_the_prior_and_reconstructs(vae, sample_images):
    vae.set_prior(GaussianPrior(8).set_distribution(np.full(8, 0.5), 0.25 * np.eye(8)))
    twin = float32_vae(vae)
    noise = probe_latents(8)
    expected = vae.decoder(0.5 + 0.5 * noise, training=False)
    np.testing.assert_allclose(twin.sample(noise), expected, atol=1e-5)
    assert not np.allclose(twin.sample(noise), vae.decoder(noise, training=False), atol=1e-3)
    real = sample_images / np.float32(127.5) - 1
    np.testing.assert_allclose(twin.reconstruct(real), vae(real), atol=1e-5)


def test_twin_of_a_bfloat16_vae_is_float32_and_leaves_it_alone(vae):
    for network in vae.roles.values():
        set_precision(network, "bfloat16")
    twin = float32_vae(vae)
    assert all(layer.compute_dtype == "float32" for layer in twin.decoder._flatten_layers())
    assert vae.decoder.get_layer("block_8").compute_dtype == "bfloat16"


def test_twin_that_differs_is_refused(vae, monkeypatch):
    from keras_transfer_gen.export import vae_twin

    def wrong(network):
        copy = keras.models.clone_model(network)  # fresh weights
        return copy

    monkeypatch.setattr(vae_twin, "float32_copy", wrong)
    with pytest.raises(ExportError, match="The float32 copy differs"):
        float32_vae(vae)


def test_twin_is_not_made_inside_a_scope(vae, two_cpus):
    with two_cpus.scope(), pytest.raises(checks.UserError, match="`strategy` must be left before exporting"):
        float32_vae(vae)
    assert tf.distribute.has_strategy() is False
