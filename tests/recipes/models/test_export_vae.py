import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export.run_tflite import run_tflite, run_tflite_function
from keras_transfer_gen.recipes.models.export import export_saved_model, export_tflite
from keras_transfer_gen.recipes.models.export_vae import export_vae_parts
from keras_transfer_gen.recipes.models.load_vae import load_vae


def test_three_files_go_together_round_a_image(vae_file, sample_images, tmp_path):
    vae = load_vae(vae_file)
    sampler, encoder, decoder = export_vae_parts(vae, tmp_path)
    assert [file.name for file in (sampler, encoder, decoder)] == ["sampler.tflite", "encoder.tflite", "decoder.tflite"]
    images = sample_images / np.float32(127.5) - 1
    remade = run_tflite(decoder, run_tflite_function(encoder, {"images": images})["z_mean"])
    assert np.abs((remade + 1) * 127.5 - vae.reconstruct(sample_images)).max() < 1
    noise = np.ones((1, 8), np.float32)
    np.testing.assert_allclose(run_tflite(sampler, noise), run_tflite(decoder, noise), atol=1e-5)  # N(0, I)


def test_exports_take_the_name_of_a_vae(vae_file, tmp_path):
    folder = export_saved_model(str(vae_file), tmp_path / "served")
    assert load_vae(folder).spec.family == "vae"
    assert export_tflite(str(vae_file), tmp_path / "a.tflite", part="decoder").is_file()


def test_gan_has_no_other_parts(source_file, tmp_path):
    with pytest.raises(checks.UserError, match="`part` must be one of 'sampler'.*Only a VAE"):
        export_tflite(str(source_file), tmp_path / "a.tflite", part="encoder")
