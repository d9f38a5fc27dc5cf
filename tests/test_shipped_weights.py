import numpy as np
import pytest

from keras_transfer_gen import shipped_weights
from keras_transfer_gen.checks import UserFileError, UserImportError
from keras_transfer_gen.shipped_weights import read_shipped_weights


def test_weights_are_read_in_single_precision():
    arrays = read_shipped_weights("efficientnet_lite0")
    assert {value.dtype for value in arrays.values()} == {np.dtype("float32")}
    assert arrays["stem/kernel"].shape == (3, 3, 3, 32)


def test_weights_that_are_not_installed_are_reported(monkeypatch):
    monkeypatch.setattr(shipped_weights, "SAVED_MODELS", "keras_transfer_gen.nowhere")
    with pytest.raises(UserImportError, match="weights of efficientnet_lite0 are not installed: .*pip install -e"):
        read_shipped_weights("efficientnet_lite0")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut off", b"version https://git-lfs.github.com/spec/v1\n"])
def test_weights_that_cannot_be_read_are_reported(monkeypatch, tmp_path, content):
    (tmp_path / "net").mkdir()
    if content is not None:
        (tmp_path / "net" / "weights.npz").write_bytes(content)
    monkeypatch.setattr(shipped_weights.importlib.resources, "files", lambda package: tmp_path)
    with pytest.raises(UserFileError, match=r"`weights` must be a readable .npz file.*weights.npz.*again"):
        read_shipped_weights("net")
