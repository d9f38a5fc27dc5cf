import dataclasses

import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.stylegan2 import shapes
from keras_transfer_gen.recipes.models import network_files
from keras_transfer_gen.recipes.models.image_generators import open_model
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.recipes.models.network_files import open_network_file
from keras_transfer_gen.transfer.pickles.network_file import NetworkFile
from keras_transfer_gen.transfer.pickles.read_file import read_network_file
from keras_transfer_gen.transfer.provenance import source_of
from tests.stylegan2_fixtures import FOLDER, reference, relative

PATH = FOLDER / "ada_cond_resnet.pkl"


@pytest.fixture(scope="module")
def gan():
    return load_gan(PATH)


def test_gan_gives_the_images_and_logits_of_the_original(gan):
    arrays = reference(PATH.name)
    inputs = {"latents": arrays["z"], "labels": arrays["labels"]}
    assert relative(gan(inputs), arrays["image_const"]) < 2e-5
    logits = gan.discriminator({"images": arrays["images_d"], "labels": arrays["labels_d"]})
    assert relative(logits, arrays["logits"]) < 2e-5
    np.testing.assert_array_equal(gan(inputs), gan(inputs))
    assert gan.compiled and gan.kimg == 0


def test_training_copy_has_its_own_weights(gan):
    trained, averaged = (network.get_layer("block_8").conv1.kernel for network in (gan.generator, gan.ema_generator))
    assert np.abs(trained.numpy() - averaged.numpy()).max() > 0
    assert source_of(trained) == PATH.name


def test_spec_says_where_it_is_from(gan):
    spec = gan.spec
    assert (spec.image_size, spec.channels, spec.latent_dim, spec.num_classes, spec.arch) == (16, 3, 8, 3, "stylegan2")
    assert spec.licence == "unknown, assume non-commercial"
    assert spec.source.startswith("Read from ada_cond_resnet.pkl (SHA-256 65a350f6f10e")


def test_model_is_saved_and_loaded_bit_for_bit(gan, tmp_path):
    gan.save(tmp_path / "gan.keras")
    copy = load_gan(tmp_path / "gan.keras")
    inputs = {"latents": np.ones((2, 8), np.float32), "labels": np.int32([0, 2])}
    np.testing.assert_array_equal(copy(inputs), gan(inputs))
    assert copy.spec == gan.spec


def test_truncation_draws_images_towards_the_average(gan):
    images = [gan.generate(2, seed=3, truncation=factor, label=1) for factor in (1.0, 0.5, 1e-6)]
    assert np.abs(np.float32(images[0]) - images[1]).max() > 1
    assert np.abs(np.float32(images[2][0]) - images[2][1]).max() <= 1  # both are the average image


def test_terms_are_printed_once(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(network_files, "_SAID", set())
    path = tmp_path / "metfaces.pkl"
    path.write_bytes((FOLDER / "tf1_v5.pkl").read_bytes())
    open_network_file(path, str(path))
    said = capsys.readouterr().err
    assert "metfaces.pkl: licence: Nvidia Source Code License-NC" in said and "MetFaces: CC BY-NC 2.0" in said
    assert "Arrays copied: G 42, G_ema 42, D 20, none missing." in said
    open_network_file(path, str(path))
    assert capsys.readouterr().err == ""


def test_missing_average_is_measured_and_reported():
    model, report = open_network_file(FOLDER / "rosinality_legacy.pt", "old.pt")
    assert report.initialised == ("mapping.w_avg",) and "measured on 10,000 latents" in report.line()
    average = model.ema_generator.get_layer("styles").w_avg
    assert relative(average, reference("rosinality_legacy.pt")["w_avg"]) < 0.02


def changed(monkeypatch, change):
    """Lets the file be read with other networks."""
    file = read_network_file(FOLDER / "ada_skip.pkl")
    networks = dict(file.networks)
    change(networks)
    monkeypatch.setattr(network_files, "read_network_file", lambda path: NetworkFile(file.form, networks))
    return FOLDER / "ada_skip.pkl"


def with_arrays(networks, key, **arrays):
    values = {**networks[key].arrays, **{name.replace("__", "."): array for name, array in arrays.items()}}
    kept = {name: array for name, array in values.items() if array is not None}
    networks[key] = dataclasses.replace(networks[key], arrays=kept)


@pytest.mark.parametrize(
    ("key", "arrays", "message"),
    [
        (
            "G_ema",
            {"synthesis__b8__conv1__bias": None},
            "every array of the generator.*It lacks synthesis.b8.conv1.bias",
        ),
        ("D", {"b8__conv2__bias": np.zeros(8)}, "arrays of the discriminator alone.*It also has b8.conv2.bias"),
        ("D", {"b8__conv1__bias": np.zeros(9)}, r"b8.conv1.bias of shape \(8,\)"),
    ],
)
def test_loading_is_strict(monkeypatch, key, arrays, message):
    path = changed(monkeypatch, lambda networks: with_arrays(networks, key, **arrays))
    with pytest.raises(checks.UserError, match=message):
        open_network_file(path, "x")


def test_file_of_an_average_alone_becomes_a_gan_with_a_new_discriminator(monkeypatch):
    path = changed(monkeypatch, lambda networks: [networks.pop(key) for key in ("G", "D")])
    (generator, spec), report = open_network_file(path, "x")
    assert report.loaded == {"G_ema": 48} and "one generator" in report.line() and spec.image_size == 16
    monkeypatch.setattr(shapes, "usual_widths", lambda *sizes: (8, 8, 4))
    gan = load_gan(path)
    assert [layer.name for layer in gan.discriminator.layers] == ["images", "block_16", "block_8", "block_4", "logits"]
    arrays = reference("ada_skip.pkl")
    assert relative(gan(arrays["z"]), arrays["image_const"]) < 2e-5


def test_discriminator_alone_is_refused(monkeypatch):
    path = changed(monkeypatch, lambda networks: [networks.pop(key) for key in ("G", "G_ema")])
    with pytest.raises(checks.UserError, match="a file with a generator"):
        open_network_file(path, "x")


def test_commands_open_it_as_every_other_model():
    assert open_model(FOLDER / "tf1_v4.pkl").generate(1).shape == (1, 16, 16, 3)
