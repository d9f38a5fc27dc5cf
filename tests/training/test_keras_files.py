from pathlib import Path

import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.training.keras_files import check_path


@pytest.mark.parametrize("path", ["g.h5", Path("out") / "g.hdf5", "g", "g.weights.h5"])
def test_other_formats_are_refused_with_what_writes_them(path):
    text = r'`filepath` must be a path that ends in ".keras".*gan.save\("gan.keras"\).*save_weights.*export_tflite'
    with pytest.raises(checks.UserError, match=text):
        check_path(path, None, "gan")


def test_paths_that_keras_writes_a_whole_model_to_pass():
    for path, zipped in (("g.keras", None), (Path("g.keras"), True), ("hf://me/model", None), ("folder", False)):
        assert check_path(path, zipped, "gan") is None
