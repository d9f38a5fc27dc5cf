import json

import numpy as np
import pytest

from keras_transfer_gen.checks import UserError, UserFileError
from keras_transfer_gen.export.onnx_file import check_onnx_file, run_onnx, write_onnx
from keras_transfer_gen.export.parity import ExportError
from tests.export.small_models import wrong_weights


@pytest.fixture
def onnxruntime():
    for name in ("tf2onnx", "onnx"):
        pytest.importorskip(name)
    return pytest.importorskip("onnxruntime")


def test_file_gives_the_images_of_the_model_for_any_number_of_rows(onnxruntime, servables, models, tmp_path, capfd):
    z = np.random.default_rng(1).standard_normal((5, 6)).astype(np.float32)
    path = write_onnx(servables["labels"], tmp_path / "a.onnx")
    assert capfd.readouterr() == ("", "")
    for labels in (np.int32([0, 1, 2, 0, 1]), np.int32([2] * 5)):
        images = run_onnx(onnxruntime, path, {"latents": z, "labels": labels})["images"]
        np.testing.assert_allclose(images, models["labels"]({"latents": z, "labels": labels}), atol=1e-5)
    session = onnxruntime.InferenceSession(str(path))
    assert [(entry.name, entry.shape) for entry in session.get_inputs()] == [("latents", ["N", 6]), ("labels", ["N"])]
    metadata = json.loads(session.get_modelmeta().custom_metadata_map["keras_transfer_gen"])
    assert metadata["latents"]["size"] == 6 and metadata["labels"]["count"] == 3


def test_networks_with_convolutions_and_parts_of_a_vae_are_exact(onnxruntime, servables, tmp_path):
    for kind, part in (("generator", "sampler"), ("vae", "encoder")):
        function = servables[kind].functions[servables[kind].parts[part]]
        path = write_onnx(servables[kind], tmp_path / "a.onnx", part)
        for name, values in run_onnx(onnxruntime, path, function.examples).items():
            np.testing.assert_allclose(values, function.expected[name], atol=1e-4)


def test_other_images_fail_and_leave_nothing(onnxruntime, servables, tmp_path):
    with pytest.raises(ExportError, match="The ONNX file differs from the Keras model"):
        write_onnx(wrong_weights(servables["labels"]), tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_other_files_and_parts_are_refused_before_anything_is_imported(servables, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    for path in (tmp_path, tmp_path / "a.jpg"):
        with pytest.raises(UserFileError, match=r"`path` must be .*path= or --out"):
            check_onnx_file(path)
    with pytest.raises(UserError, match="`part` must be one of 'sampler'"):
        write_onnx(servables["labels"], tmp_path / "b.onnx", "encoder")
