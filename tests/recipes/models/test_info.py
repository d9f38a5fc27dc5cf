import json

import keras
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.info import model_info
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides
from tests.saved_model_fixtures import saved


def test_info_of_a_file_names_sizes_licence_and_parameters(source_file):
    info = model_info(source_file)
    assert (info["kind"], info["image_size"], info["latent_dim"], info["licence"]) == ("GAN", 32, 16, "CC0-1.0")
    assert "kimg" not in info and set(info["parameters"]) == {"generator", "discriminator"}
    assert "layers" not in info and json.loads(json.dumps(info)) == info


def test_info_of_a_run_knows_where_it_comes_from(finished):
    info = model_info(finished.out)
    best = json.loads(RunFolder(finished.out).metrics_file.read_text())["best_kimg"]
    assert info.get("kimg", 0.0) == best and info["licence"] == "CC0-1.0"
    assert info["source"] == f"Adapted from {finished.source} on {finished.data}. The source: A test."


def test_info_lists_layers_as_rules_name_them(finished):
    rows = {row["path"]: row for row in model_info(finished.out, layers=True)["layers"]}
    assert not rows["generator/block_4/dense/kernel"]["trainable"]
    assert not rows["discriminator/block_32/conv/kernel"]["trainable"]
    assert rows["generator/to_image/kernel"]["trainable"]


def test_info_of_a_saved_model_lists_layers_as_rules_of_a_fine_tune_name_them(finished):
    model = RunFolder(finished.out).saved_model
    info = model_info(model, layers=True)
    assert info["kind"] == "exported SavedModel, generator only" and info["image_size"] == 32
    rows = {row["path"]: row for row in info["layers"]}
    assert rows["generator/block_8/conv/kernel"]["trainable"] and "layers" not in model_info(model)


def test_info_of_third_party_models_says_what_was_measured_and_given(tmp_path):
    info = model_info(saved("renderers")[0] / "unit", True, overrides=SpecOverrides(labels=5))
    assert info["kind"].startswith("SavedModel, measured") and info["num_classes"] == 5
    assert info["inputs"] == "z: latents, label: class ids"
    assert {row["path"] for row in info["layers"]} == {"generator/generator/mix", "generator/generator/table"}
    z = keras.Input((4,))
    keras.Model(z, keras.layers.Dense(12, activation="tanh")(keras.layers.Reshape((1, 1, 4))(z))).save(
        tmp_path / "wide.keras"
    )
    with pytest.raises(checks.UserError, match="only square ones can be used"):
        model_info(tmp_path / "wide.keras")
    images = keras.layers.Reshape((2, 2, 3))(keras.layers.Dense(12, activation="tanh")(z))
    keras.Model(z, images).save(tmp_path / "bare.keras")
    assert model_info(tmp_path / "bare.keras")["kind"] == "Keras generator, measured"


def test_info_of_a_vae_names_its_prior_and_likelihood_whether_exported_or_not(vae_file, exported_vae):
    info = model_info(vae_file)
    assert (info["kind"], info["prior"], info["likelihood"]) == ("VAE", "StandardNormal", "GaussianOptimalSigma")
    exported = model_info(exported_vae[1])
    assert exported["kind"] == "exported SavedModel of a VAE" and "kimg" not in exported
    assert exported["prior"] == "GaussianPrior" and set(exported["parameters"]) == {"encoder", "decoder"}


def test_a_vq_vae_tells_its_tokens(vq, tmp_path):
    vq.save(tmp_path / "vq.keras")
    info = model_info(tmp_path / "vq.keras", layers=True)
    assert info["kind"] == "VQVAE" and info["tokens"] == "4 x 4 of 16 codes" and info["family"] == "vq"
    assert set(info["parameters"]) == {"encoder", "decoder"} and info["layers"][0]["path"].startswith("encoder/")
