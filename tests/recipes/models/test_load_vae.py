import shutil

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.networks.priors.gaussian import GaussianPrior
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.transfer.freezing.freeze import freeze


def test_keras_file_comes_back_compiled(vae_file, sample_images):
    vae = load_vae(vae_file)
    assert vae.compiled and vae.spec.licence == "CC0-1.0" and int(vae.step.numpy()) == 60
    assert vae.reconstruct(sample_images).shape == sample_images.shape


def test_preset_comes_compiled():
    vae = load_vae("noto_vae_64")
    assert vae.compiled and vae.optimizer is not None


def test_exported_saved_model_is_a_vae_again(exported_vae, sample_images, tmp_path):
    vae, folder = exported_vae
    twin = load_vae(folder.parent)
    assert twin.spec == vae.spec and isinstance(twin.prior, GaussianPrior)
    assert np.abs(twin.generate(4).astype(int) - vae.generate(4)).max() <= 1
    values = twin.evaluate(sample_images, return_dict=True)
    assert values == pytest.approx(vae.evaluate(sample_images, return_dict=True), rel=1e-4)
    report = freeze(twin, {"encoder/.*": False})
    assert any(row["path"].startswith("decoder/saved_decoder/") for row in report.to_dict()["rows"])
    before = [np.array(w) for w in twin.encoder.get_weights()], [np.array(w) for w in twin.decoder.get_weights()]
    twin.fit(tf.data.Dataset.from_tensor_slices(sample_images).batch(6), verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before[0], twin.encoder.get_weights(), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(before[1], twin.decoder.get_weights(), strict=True))
    twin.save(tmp_path / "tuned.keras")
    assert np.array_equal(load_vae(tmp_path / "tuned.keras").generate(3), twin.generate(3))


def test_third_party_saved_model_has_the_standard_prior(exported_vae, tmp_path):
    vae, folder = exported_vae
    shutil.copytree(folder, tmp_path / "other", ignore=shutil.ignore_patterns("assets.extra"))
    twin = load_vae(tmp_path / "other")
    assert type(twin.prior).__name__ == "StandardNormal" and twin.spec.latent_dim == 8
    noise = np.zeros((1, 8), np.float32)
    assert np.abs(twin.decode(noise).astype(int) - vae.decode(noise)).max() <= 1


def test_what_is_no_vae_is_refused(source_file, tmp_path):
    with pytest.raises(checks.UserError, match="`source` must be a model saved from a VAE.*holds a GAN"):
        load_vae(source_file)
    with pytest.raises(checks.UserFileError, match="`source` must be a preset"):
        load_vae(tmp_path / "none")
