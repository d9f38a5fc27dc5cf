import zipfile

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.keras_file import load_keras


def test_damaged_archive_is_explained_on_one_line(tmp_path, source_file):
    with zipfile.ZipFile(source_file) as archive, zipfile.ZipFile(tmp_path / "a.keras", "w") as damaged:
        damaged.writestr("config.json", archive.read("config.json"))
    with pytest.raises(checks.UserFileError, match=r"`source` must be a readable .keras file.*Keras says: ") as caught:
        load_keras(tmp_path / "a.keras")
    assert "\n" not in str(caught.value)


def test_file_of_keras_2_is_called_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "2.21.0"}')
        archive.writestr("config.json", '{"module": "keras", "class_name": "Sequential", "config": {}}')
    with pytest.raises(checks.UserFileError, match=r"Keras 2 \(tf_keras\) wrote it.*tf.saved_model.save"):
        load_keras(tmp_path / "a.keras")
