import json

import pytest

from keras_transfer_gen.checks import UserImportError
from keras_transfer_gen.export.optional import require


def test_modules_come_in_order():
    assert require("any", "json", "json.decoder") == (json, json.decoder)


def test_missing_ones_are_named_with_the_command_that_installs_them():
    text = (
        r"--format onnx needs absent_a and absent_b, which are not installed.*pip install 'keras-transfer-gen\[onnx\]'"
    )
    with pytest.raises(UserImportError, match=text):
        require("onnx", "json", "absent_a", "absent_b")
    with pytest.raises(UserImportError, match="needs absent_a.b, which is not installed"):
        require("onnx", "absent_a.b")
