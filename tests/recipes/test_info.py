import json

from keras_transfer_gen.recipes.info import model_info
from keras_transfer_gen.recipes.run_folder import RunFolder


def test_info_of_a_file_names_sizes_licence_and_parameters(source_file):
    found = model_info(source_file)
    assert (found["kind"], found["image_size"], found["latent_dim"], found["licence"]) == ("GAN", 32, 16, "CC0-1.0")
    assert found["kimg"] == 0 and set(found["parameters"]) == {"generator", "discriminator"}
    assert "layers" not in found and json.loads(json.dumps(found)) == found


def test_info_of_a_run_knows_where_it_comes_from(finished):
    found = model_info(finished.out)
    assert found["kimg"] == 0.04 and found["licence"] == "CC0-1.0"
    assert found["source"] == f"Adapted from {finished.source} on {finished.data}. A test."


def test_info_lists_layers_as_rules_name_them(finished):
    rows = {row["path"]: row for row in model_info(finished.out, layers=True)["layers"]}
    assert not rows["generator/block_4/dense/kernel"]["trainable"]
    assert not rows["discriminator/block_32/conv/kernel"]["trainable"]
    assert rows["generator/to_image/kernel"]["trainable"]


def test_info_of_a_saved_model_has_no_layers(finished):
    found = model_info(RunFolder(finished.out).saved_model, layers=True)
    assert "SavedModel" in found["kind"] and found["image_size"] == 32 and "layers" not in found
