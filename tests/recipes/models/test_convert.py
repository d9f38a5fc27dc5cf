import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.convert import convert_model, weights_of
from keras_transfer_gen.recipes.models.load import load_gan
from keras_transfer_gen.transfer.weights.read import read_weights
from tests.stylegan2_fixtures import FOLDER, reference, relative


def test_stylegan2_file_becomes_a_keras_file(tmp_path):
    spec = convert_model(FOLDER / "ada_skip.pkl", tmp_path / "new" / "gan.keras")
    gan = load_gan(tmp_path / "new" / "gan.keras")
    arrays = reference("ada_skip.pkl")
    assert gan.spec == spec and spec.licence == "unknown, assume non-commercial"
    assert relative(gan(arrays["z"]), arrays["image_const"]) < 2e-5
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["gan.keras"]


def test_weights_keep_their_official_names(tmp_path):
    convert_model(FOLDER / "tf1_v5.pkl", tmp_path / "gan.safetensors")
    written, wanted = read_weights(tmp_path / "gan.safetensors"), read_weights(FOLDER / "tf1_v5.pkl")
    assert set(written) == set(wanted)
    assert all(np.array_equal(written[name], wanted[name]) for name in wanted)


def test_other_gans_keep_their_paths(source_file):
    weights = weights_of(load_gan(source_file))
    assert {"ema_generator/block_4/dense/kernel", "discriminator/logits/bias"} <= set(weights)


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(checks.UserError, match="`out` must be a file that ends in .keras or .safetensors"):
        convert_model(FOLDER / "tf1_v5.pkl", tmp_path / "gan.h5")
    (tmp_path / "a.keras").mkdir()
    with pytest.raises(checks.UserFileError, match="a file, not a folder"):
        convert_model(FOLDER / "tf1_v5.pkl", tmp_path / "a.keras")
