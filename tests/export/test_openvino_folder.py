import json

import numpy as np
import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.export.openvino_folder import METADATA_FILE, check_openvino_folder, run_openvino, write_openvino
from keras_transfer_gen.export.parity import ExportError
from tests.export.small_models import wrong_weights


@pytest.fixture
def openvino():
    return pytest.importorskip("openvino")


def test_folder_gives_the_images_of_the_model_for_any_number_of_rows(openvino, servables, models, tmp_path):
    z, labels = np.random.default_rng(1).standard_normal((5, 6)).astype(np.float32), np.int32([0, 1, 2, 0, 1])
    path = write_openvino(servables["labels"], tmp_path / "cats")
    images = run_openvino(openvino, path, {"latents": z, "labels": labels})["images"]
    np.testing.assert_allclose(images, models["labels"]({"latents": z, "labels": labels}), atol=1e-5)
    assert json.loads((path / METADATA_FILE).read_text())["labels"]["count"] == 3
    assert write_openvino(servables["generator"], path) == path  # an earlier one is replaced
    assert [entry.name for entry in tmp_path.iterdir()] == ["cats"]


def test_other_images_fail_and_leave_nothing(openvino, servables, tmp_path):
    with pytest.raises(ExportError, match="The OpenVINO model differs from the Keras model"):
        write_openvino(wrong_weights(servables["labels"]), tmp_path / "cats")
    assert list(tmp_path.iterdir()) == []


def test_folders_with_other_things_are_refused(tmp_path):
    (tmp_path / "photo.jpg").touch()
    for path, text in ((tmp_path, "It holds photo.jpg"), (tmp_path / "photo.jpg", "Choose another")):
        with pytest.raises(UserFileError, match=f"an OpenVINO model to replace.*{text}"):
            check_openvino_folder(path)
