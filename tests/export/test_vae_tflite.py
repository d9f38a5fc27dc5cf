import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export import vae_tflite
from keras_transfer_gen.export.parity import ExportError, run_tflite
from keras_transfer_gen.export.tflite import operators
from keras_transfer_gen.export.vae_tflite import PARTS, run_encoder, write_vae_tflite
from keras_transfer_gen.networks.priors.priors import GaussianPrior, MixturePrior
from keras_transfer_gen.recipes.models.load_vae import load_vae

NOISE = np.random.default_rng(1).standard_normal((5, 8)).astype(np.float32)


@pytest.fixture
def vae(vae_file):
    return load_vae(vae_file)


@pytest.mark.parametrize("kind", ["standard", "gaussian", "mixture"])
def test_sampler_holds_the_prior(vae, tmp_path, kind):
    means = np.random.default_rng(0).normal(size=(2, 8))
    if kind == "gaussian":
        vae.set_prior(GaussianPrior(8).set_distribution(means[0], np.diag(np.arange(1.0, 9.0)) / 4))
    if kind == "mixture":
        vae.set_prior(MixturePrior(8, 2).set_distribution([0.3, 0.7], means, [np.eye(8)] * 2))
    file = write_vae_tflite(vae, tmp_path / "sampler.tflite", batch_size=2)
    expected = vae.decoder(vae.prior(NOISE), training=False)
    np.testing.assert_allclose(run_tflite(file, NOISE), expected, atol=1e-4)
    plain = vae.decoder(NOISE, training=False)
    assert np.allclose(expected, plain, atol=1e-3) == (kind == "standard")
    assert not [name for name in operators(file.read_bytes()) if name.startswith("custom:")]


def test_decoder_knows_no_prior(vae, tmp_path):
    vae.set_prior(GaussianPrior(8).set_distribution(np.ones(8), np.eye(8)))
    file = write_vae_tflite(vae, tmp_path / "decoder.tflite", part="decoder")
    np.testing.assert_allclose(run_tflite(file, NOISE), vae.decoder(NOISE, training=False), atol=1e-4)


def test_encoder_gives_means_and_log_variances(vae, sample_images, tmp_path):
    file = write_vae_tflite(vae, tmp_path / "encoder.tflite", batch_size=5, part="encoder")
    for found, expected in zip(run_encoder(file, sample_images), vae.encode(sample_images), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)
    real = sample_images[:2] / np.float32(127.5) - 1
    assert np.array_equal(run_encoder(file, real)[0], run_encoder(file, sample_images[:2])[0])
    assert not [name for name in operators(file.read_bytes()) if name.startswith("custom:")]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"part": "all"}, "`part` must be one of " + ", ".join(map(repr, PARTS))),
        ({"batch_size": 0}, "`batch_size` must be an integer of at least 1"),
    ],
)
def test_unknown_parts_and_batches_are_refused(vae, tmp_path, arguments, text):
    with pytest.raises(checks.UserError, match=text):
        write_vae_tflite(vae, tmp_path / "a.tflite", **arguments)
    with pytest.raises(checks.UserFileError, match="`path` must be a file, not a folder"):
        write_vae_tflite(vae, tmp_path)


def test_file_that_differs_is_refused_and_nothing_is_written(vae, tmp_path, monkeypatch):
    monkeypatch.setattr(vae_tflite, "run_tflite", lambda path, noise: np.zeros((4, 32, 32, 3), np.float32))
    with pytest.raises(ExportError, match="The TFLite file differs"):
        write_vae_tflite(vae, tmp_path / "a.tflite")
    assert not (tmp_path / "a.tflite").exists()
