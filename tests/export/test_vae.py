import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.export import vae as vae_module
from keras_transfer_gen.export.parity import ExportError, probe_latents
from keras_transfer_gen.export.run_tflite import run_tflite
from keras_transfer_gen.export.tflite import write_tflite
from keras_transfer_gen.export.tflite_convert import operators
from keras_transfer_gen.export.vae import PARTS, float32_vae, vae_servable
from keras_transfer_gen.networks.priors.gaussian import GaussianPrior
from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.training.precision import set_precision
from tests.export.small_models import small_vae

NOISE = probe_latents(5, count=3)


def test_copy_draws_from_the_prior_and_reconstructs():
    vae = small_vae()
    vae.set_prior(GaussianPrior(5).set_distribution(np.full(5, 0.5), 0.25 * np.eye(5)))
    copy = float32_vae(vae)
    np.testing.assert_allclose(copy.sample(NOISE), vae.decoder(0.5 + 0.5 * NOISE, training=False), atol=1e-5)
    assert not np.allclose(copy.sample(NOISE), vae.decoder(NOISE, training=False), atol=1e-3)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 28, 28, 3)).astype(np.float32)
    np.testing.assert_allclose(copy.reconstruct(images)["images"], vae(images), atol=1e-5)


def test_functions_are_those_of_the_vae_and_the_parts_name_three_of_them(servables):
    servable = servables["vae"]
    assert list(servable.functions) == [
        "serve", "uint8", "encode", "decode", "reconstruct", "generate", "generate_png",
    ]  # fmt: skip
    assert servable.parts == PARTS and set(PARTS.values()) <= set(servable.functions)
    assert servable.functions["encode"].expected["z_mean"].shape == (4, 5)


def test_copy_of_a_bfloat16_vae_is_float32_and_leaves_it_alone():
    vae = small_vae()
    for network in vae.roles.values():
        set_precision(network, "bfloat16")
    copy = float32_vae(vae)
    assert all(layer.compute_dtype == "float32" for layer in copy.decoder._flatten_layers())
    assert vae.decoder.get_layer("block_7").compute_dtype == "bfloat16"


def test_copy_that_differs_is_refused(models, monkeypatch):
    monkeypatch.setattr(vae_module, "float32_copy", keras.models.clone_model)  # fresh weights
    with pytest.raises(ExportError, match="The float32 copy differs"):
        float32_vae(models["vae"])


def test_copy_is_not_made_inside_a_scope(models, two_cpus):
    with two_cpus.scope(), pytest.raises(checks.UserError, match="`strategy` must be left before exporting"):
        float32_vae(models["vae"])
    assert tf.distribute.has_strategy() is False


@pytest.mark.parametrize("prior", [StandardNormal(5), GaussianPrior(5)], ids=["standard", "gaussian"])
def test_sampler_holds_the_prior_and_the_decoder_knows_none(prior, tmp_path):
    vae = small_vae()
    if isinstance(prior, GaussianPrior):
        prior.set_distribution(np.linspace(0, 1, 5), np.diag(np.arange(1.0, 6.0)) / 4)
    vae.set_prior(prior)
    servable = vae_servable(vae)
    sampler = write_tflite(servable, tmp_path / "sampler.tflite", batch_size=2)
    expected, plain = vae.decoder(vae.prior(NOISE), training=False), vae.decoder(NOISE, training=False)
    np.testing.assert_allclose(run_tflite(sampler, NOISE), expected, atol=1e-4)
    assert np.allclose(expected, plain, atol=1e-3) == isinstance(prior, StandardNormal)
    assert not [name for name in operators(sampler.read_bytes()) if name.startswith("custom:")]
    if isinstance(prior, GaussianPrior):
        decoder = write_tflite(servable, tmp_path / "decoder.tflite", part="decoder")
        np.testing.assert_allclose(run_tflite(decoder, NOISE), plain, atol=1e-4)
