import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.export import vae_saved_model
from keras_transfer_gen.export.parity import ExportError
from keras_transfer_gen.export.saved_model import read_saved_model
from keras_transfer_gen.export.vae_saved_model import read_vae_parts, write_vae_saved_model
from keras_transfer_gen.networks.priors.priors import MixturePrior
from keras_transfer_gen.recipes.models.load_vae import load_vae


@pytest.fixture(scope="module")
def vae(vae_file):
    vae = load_vae(vae_file)
    means = np.random.default_rng(0).normal(size=(2, 8))
    vae.set_prior(MixturePrior(8, 2).set_distribution([0.3, 0.7], means, [np.eye(8)] * 2))
    return vae


@pytest.fixture(scope="module")
def folder(vae, tmp_path_factory):
    return write_vae_saved_model(vae, tmp_path_factory.mktemp("served") / "1", card="# A card")


def test_every_signature_gives_what_the_vae_gives(vae, folder, sample_images):
    loaded = tf.saved_model.load(str(folder))
    assert set(loaded.signatures) == {"serving_default", "uint8", "encode", "decode", "reconstruct"}
    real = tf.constant(sample_images / np.float32(127.5) - 1)
    found = loaded.signatures["encode"](images=real)
    mean, log_var = vae.encode(sample_images)
    np.testing.assert_allclose(found["z_mean"], mean, atol=1e-5)
    np.testing.assert_allclose(found["z_log_var"], log_var, atol=1e-5)
    decoded = loaded.signatures["decode"](latents=tf.constant(mean))["images"]
    np.testing.assert_allclose(decoded, vae.decoder(mean), atol=1e-5)
    np.testing.assert_allclose(loaded.signatures["reconstruct"](images=real)["images"], decoded, atol=1e-5)
    noise = np.random.default_rng(0).standard_normal((5, 8)).astype(np.float32)
    drawn = loaded.signatures["serving_default"](latents=tf.constant(noise))["images"]
    np.testing.assert_allclose(drawn, vae.decoder(vae.prior(noise)), atol=1e-5)
    whole = loaded.signatures["uint8"](latents=tf.constant(noise))["images"].numpy()
    assert whole.dtype == np.uint8 and np.abs(whole - (drawn.numpy() + 1) * 127.5).max() <= 0.51


def test_export_loads_without_keras_and_draws_like_the_vae(vae, folder):
    code = (
        "import sys; sys.modules['keras'] = None\n"
        "import tensorflow as tf\n"
        f"loaded = tf.saved_model.load({str(folder)!r})\n"
        "print(float(tf.reduce_mean(loaded.signatures['serving_default'](latents=tf.ones((1, 8)))['images'])))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = float(tf.reduce_mean(vae.decoder(vae.prior(tf.ones((1, 8))))))
    assert float(done.stdout.split()[-1]) == pytest.approx(expected, abs=1e-5)


def test_each_weight_is_stored_once(vae, folder):
    (data,) = (folder / "variables").glob("*.data*")
    networks = (vae.encoder, vae.decoder, vae.prior)
    needed = 4 * sum(int(np.prod(v.shape)) for network in networks for v in network.variables)
    assert needed <= data.stat().st_size < 1.2 * needed


def test_generator_of_the_export_is_the_sampler(vae, folder):
    generate, spec = read_saved_model(folder)
    assert spec.family == "vae"
    np.testing.assert_allclose(generate(np.zeros((1, 8))), vae.decoder(vae.prior(np.zeros((1, 8)))), atol=1e-5)
    assert (folder / "assets.extra" / "README.md").read_text() == "# A card"


def test_laws_come_back(vae, folder):
    parts = read_vae_parts(folder, "cats")
    assert parts.shape == (32, 3, 8) and parts.spec == vae.spec
    assert isinstance(parts.prior, MixturePrior) and np.array_equal(parts.prior.means, vae.prior.means)
    assert parts.likelihood.scale == vae.likelihood.scale


def test_other_saved_models_are_refused(tmp_path):
    module = tf.Module()
    module.f = tf.function(lambda x: x, input_signature=[tf.TensorSpec((None, 3), tf.float32)])
    tf.saved_model.save(module, str(tmp_path / "plain"), {"encode": module.f})
    with pytest.raises(checks.UserError, match="`source` must be a SavedModel with signatures encode and decode"):
        read_vae_parts(tmp_path / "plain", "plain")
    tf.saved_model.save(module, str(tmp_path / "odd"), {"encode": module.f, "decode": module.f})
    with pytest.raises(checks.UserError, match="`source` must be a SavedModel of a VAE.*z_mean"):
        read_vae_parts(tmp_path / "odd", "odd")


def test_wrong_latents_are_refused_and_nothing_is_written(vae, tmp_path, monkeypatch):
    monkeypatch.setattr(vae_saved_model, "LATENT_TOLERANCE", -1.0)
    with pytest.raises(ExportError, match="signature encode gives latents that differ"):
        write_vae_saved_model(vae, tmp_path / "1")
    assert not (tmp_path / "1").exists()


def test_other_files_are_not_replaced(vae, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(checks.UserFileError, match="`path` must be a new or empty folder"):
        write_vae_saved_model(vae, tmp_path)
