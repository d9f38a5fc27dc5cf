import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.export.saved_model import read_saved_model
from keras_transfer_gen.export.vae_parts import CONFIG_FILE, OLD_FILES, WEIGHTS_FILE, distribution_files, read_vae_parts
from keras_transfer_gen.networks.priors.mixture import MixturePrior


@pytest.fixture(params=["now", "0.1"])
def folder(request, saved_models, tmp_path):
    """The SavedModel of a VAE, with the names that its files have now or had in version 0.1."""
    if request.param == "now":
        return saved_models["vae"]
    old = shutil.copytree(saved_models["vae"], tmp_path / "old")
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        (old / name).rename(old / OLD_FILES[name])
    return old


def test_prior_likelihood_and_spec_come_back(models, folder):
    vae, parts = models["vae"], read_vae_parts(folder, "cats")
    assert parts.shape == (28, 3, 5) and parts.spec == vae.spec
    assert isinstance(parts.prior, MixturePrior) and np.array_equal(parts.prior.means, vae.prior.means)
    assert type(parts.likelihood) is type(vae.likelihood) and parts.likelihood.scale == vae.likelihood.scale


def test_generator_of_the_export_is_the_sampler(models, saved_models):
    vae, latents = models["vae"], np.ones((1, 5), np.float32)
    generate, spec = read_saved_model(saved_models["vae"])
    assert spec.family == "vae"
    np.testing.assert_allclose(generate(latents), vae.decoder(vae.prior(latents), training=False), atol=1e-5)


def test_files_are_configurations_and_arrays_without_python_objects(models):
    files = distribution_files(models["vae"])
    assert set(files) == {CONFIG_FILE, WEIGHTS_FILE}
    assert json.loads(files[CONFIG_FILE])["prior"]["class_name"] == "MixturePrior"


def test_saved_model_without_the_files_is_taken_with_the_defaults(saved_models, tmp_path):
    folder = shutil.copytree(saved_models["vae"], tmp_path / "plain")
    shutil.rmtree(folder / "assets.extra")
    parts = read_vae_parts(folder, "plain")
    assert parts.shape == (28, 3, 5)
    assert (parts.spec, parts.prior, parts.likelihood) == (None, None, "gaussian_optimal_sigma")


def test_other_saved_models_are_refused(tmp_path):
    module = tf.Module()
    module.f = tf.function(lambda x: x, input_signature=[tf.TensorSpec((None, 3), tf.float32)])
    tf.saved_model.save(module, str(tmp_path / "plain"), {"encode": module.f})
    with pytest.raises(checks.UserError, match="`source` must be a SavedModel with signatures encode and decode"):
        read_vae_parts(tmp_path / "plain", "plain")
    tf.saved_model.save(module, str(tmp_path / "odd"), {"encode": module.f, "decode": module.f})
    with pytest.raises(checks.UserError, match="`source` must be a SavedModel of a VAE.*z_mean"):
        read_vae_parts(tmp_path / "odd", "odd")
