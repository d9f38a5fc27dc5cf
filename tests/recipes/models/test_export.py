import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export.parity import check_parity, probe_latents
from keras_transfer_gen.export.run_tflite import run_tflite, run_tflite_function
from keras_transfer_gen.export.saved_model import read_saved_model
from keras_transfer_gen.recipes.models.export import (
    export_parts,
    export_saved_model,
    export_tflite,
    load_exported,
)
from keras_transfer_gen.recipes.models.load import load_gan, load_generator
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides
from tests.saved_model_fixtures import saved


@pytest.fixture(scope="module")
def gan(source_file):
    """Its averaged generator differs from the one in training, so that the wrong one would be noticed."""
    gan = load_gan(source_file)
    gan.generator.set_weights([np.zeros_like(value) for value in gan.generator.get_weights()])
    return gan


def test_saved_model_is_the_averaged_generator(gan, tmp_path):
    path = export_saved_model(gan, tmp_path / "1", card="# card")
    generate, spec = read_saved_model(path)
    assert spec == gan.spec and (path / "assets.extra" / "README.md").read_text() == "# card"
    check_parity(gan.ema_generator(probe_latents(16)), generate(probe_latents(16)), 0.1)
    # What a server needs lies beside the version, with the card, and an export again replaces it.
    beside = {"models.config", "batching.config", "Dockerfile", "compose.yaml", "client_rest.py", "client_grpc.py"}
    assert {entry.name for entry in tmp_path.iterdir()} == {"1", "README.md", *beside}
    assert (tmp_path / "README.md").read_text().endswith("# card")
    (tmp_path / "compose.yaml").write_text("mine")
    with pytest.raises(checks.UserFileError, match=r"compose\.yaml would be replaced"):
        export_saved_model(gan, tmp_path / "2")
    assert not (tmp_path / "2").exists()


def test_tflite_is_the_averaged_generator_at_the_batch_size_asked_for(gan, tmp_path):
    path = export_tflite(gan, tmp_path / "a.tflite", batch_size=3)
    images = run_tflite(path, probe_latents(16))
    assert check_parity(gan.ema_generator(probe_latents(16)), images).max_levels < 0.1


def test_models_go_by_name_too(source_file, vae_file, exported_vae, tmp_path):
    generator, spec = load_exported(str(source_file))
    assert spec.licence == "CC0-1.0" and generator.name == "generator"
    assert all(isinstance(load_exported(name), VAE) for name in (vae_file, exported_vae[1]))
    for export in (export_saved_model, export_tflite):
        with pytest.raises(checks.UserFileError, match="`model` must be a preset"):
            export("nowhere", tmp_path / "b")


def test_third_party_generators_go_as_a_pair_or_by_name_with_overrides(tmp_path):
    source, overrides = saved("renderers")[0] / "plain", SpecOverrides(latent_distribution="uniform")
    pair = load_generator(source, overrides=overrides)
    for number, model in enumerate((pair, source), start=1):
        path = export_saved_model(model, tmp_path / str(number), overrides=overrides if number == 2 else None)
        generate, spec = read_saved_model(path)
        assert (spec.distribution, spec.image_size, spec.latent_dim) == ("uniform", 8, 6)
        check_parity(pair[0](probe_latents(6)), generate(probe_latents(6)), 0.1)
    with pytest.raises(checks.UserError, match="`latent_dim` must be 6"):
        export_tflite(source, tmp_path / "a.tflite", overrides=SpecOverrides(latent_dim=5))


def test_three_files_bring_an_image_back(vae_file, sample_images, tmp_path):
    vae = load_vae(vae_file)
    sampler, encoder, decoder = export_parts(vae, tmp_path)
    assert [file.name for file in (sampler, encoder, decoder)] == ["sampler.tflite", "encoder.tflite", "decoder.tflite"]
    images = sample_images / np.float32(127.5) - 1
    remade = run_tflite(decoder, run_tflite_function(encoder, {"images": images})["z_mean"])
    assert np.abs((remade + 1) * 127.5 - vae.reconstruct(sample_images)).max() < 1
    noise = np.ones((1, 8), np.float32)
    np.testing.assert_allclose(run_tflite(sampler, noise), run_tflite(decoder, noise), atol=1e-5)  # N(0, I)


def test_gan_has_no_other_parts(source_file, tmp_path):
    with pytest.raises(checks.UserError, match="`part` must be one of 'sampler'.*Models of other families"):
        export_tflite(str(source_file), tmp_path / "a.tflite", part="encoder")
