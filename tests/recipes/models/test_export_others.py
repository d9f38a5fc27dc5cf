import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.export import optional
from keras_transfer_gen.recipes.models.export_others import export_onnx, export_openvino, export_safetensors

EXPORTS = {export_onnx: "onnx", export_openvino: "openvino", export_safetensors: "safetensors"}


@pytest.mark.parametrize("export", EXPORTS)
def test_missing_packages_are_named_and_nothing_is_written(export, source_file, tmp_path, monkeypatch):
    monkeypatch.setattr(optional.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(checks.UserImportError, match=rf"pip install 'keras-transfer-gen\[{EXPORTS[export]}\]'"):
        export(str(source_file), tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("export", EXPORTS)
def test_unknown_models_are_refused(export, tmp_path):
    with pytest.raises(checks.UserFileError, match="`model` must be a preset"):
        export("nowhere", tmp_path / "a")


def test_run_by_name_becomes_a_file(source_file, tmp_path):
    pytest.importorskip("safetensors")
    assert export_safetensors(str(source_file), tmp_path / "a.safetensors").is_file()
