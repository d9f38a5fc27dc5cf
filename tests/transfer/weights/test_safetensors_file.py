import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.weights.read import read_weights
from keras_transfer_gen.transfer.weights.safetensors_file import read_safetensors, write_safetensors

ARRAYS = {
    "b": np.arange(6, dtype=np.float32).reshape(2, 3).T, "a/kernel": np.float32(7).reshape(()),
    "empty": np.zeros((0, 2), np.int64), "flags": np.array([True, False]),
}  # fmt: skip


def test_arrays_come_back(tmp_path):
    path = tmp_path / "a.safetensors"
    write_safetensors(path, ARRAYS, {"licence": "CC0"})
    back = dict(read_safetensors(path))
    assert list(back) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert back[name].dtype == array.dtype and np.array_equal(back[name], array)
    assert read_weights(path)["b"].shape == (3, 2)
    head = path.read_bytes()
    assert int.from_bytes(head[:8], "little") % 8 == 0 and b'"__metadata__": {"licence": "CC0"}' in head


def test_other_types_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(checks.UserError, match="of types among F64, F32"):
        write_safetensors(path, {"a": np.array(["text"])})
    assert not path.exists()
    write_safetensors(path, ARRAYS)
    content = path.read_bytes()
    for damaged in (content[:-3], b"\xff" * 8 + content[8:], content[:4]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError):
            read_safetensors(path)
        with pytest.raises(checks.UserFileError, match="could not be read"):
            read_weights(path)
