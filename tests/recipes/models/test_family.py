import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export.vae_saved_model import write_vae_saved_model
from keras_transfer_gen.recipes.models.family import family_of


def test_families_are_told_from_files(source_file, vae_file, tmp_path):
    assert family_of(source_file) == "gan" and family_of(vae_file) == "vae"
    assert family_of("noto_gan_64") == "gan"
    inputs = keras.Input((2,))
    keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(tmp_path / "plain.keras")
    assert family_of(tmp_path / "plain.keras") == ""
    keras.Sequential([inputs, keras.layers.Dense(1)]).save(tmp_path / "sequential.keras")
    assert family_of(tmp_path / "sequential.keras") == ""


def test_family_of_an_exported_vae_is_in_its_spec(vae_file, tmp_path):
    from keras_transfer_gen.recipes.models.load_vae import load_vae

    folder = write_vae_saved_model(load_vae(vae_file), tmp_path / "served")
    assert family_of(folder) == "vae"
    (folder / "assets.extra" / "spec.json").unlink()
    assert family_of(folder) == ""


def test_damaged_file_is_left_to_what_loads_it(vae_file, tmp_path):
    (tmp_path / "broken.keras").write_bytes(vae_file.read_bytes()[:-200])
    with pytest.raises(checks.UserFileError, match="damaged"):
        family_of(tmp_path / "broken.keras")
    np.savez(tmp_path / "numbers.npz", a=np.zeros(2))
    assert family_of(tmp_path / "numbers.npz") == ""
