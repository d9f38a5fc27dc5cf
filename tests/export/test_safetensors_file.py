import json
import struct
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.export.safetensors_file import check_safetensors_file, named_weights, write_safetensors
from keras_transfer_gen.specs import ModelSpec
from tests.export.small_models import LABELS_SPEC


def test_file_holds_every_weight_and_the_spec(servables, tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    for kind in ("labels", "vae"):
        path = write_safetensors(servables[kind], tmp_path / "a.safetensors")
        arrays, networks = numpy.load_file(str(path)), servables[kind].networks
        assert len(arrays) == len(servables[kind].variables)
        for name, network in networks.items():
            weights = [value for key, value in arrays.items() if key.startswith(f"{name}/")]
            assert sorted(map(np.sum, weights)) == sorted(np.sum(variable.numpy()) for variable in network.variables)
    content = write_safetensors(servables["labels"], tmp_path / "a.safetensors").read_bytes()
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    fields = json.loads(header["__metadata__"]["keras_transfer_gen"])["spec"]
    assert ModelSpec.from_dict(fields) == LABELS_SPEC


def test_paths_begin_with_the_network_and_equal_ones_are_numbered():
    with keras.name_scope("net"):
        kernels = [keras.Variable(np.full((3, 2), number), name="kernel") for number in range(2)]
    arrays = named_weights({"net": SimpleNamespace(variables=kernels), "head": SimpleNamespace(variables=kernels[:1])})
    assert list(arrays) == ["net/kernel", "net/kernel_2", "head/net/kernel"]
    np.testing.assert_array_equal(arrays["net/kernel_2"], np.ones((3, 2)))
    scalar = keras.Variable(2.0, name="gain")
    assert named_weights({"net": SimpleNamespace(variables=[scalar])})["net/gain"].shape == ()


def test_other_files_are_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("something else")
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(UserFileError, match=r"`path` must be .*path= or --out"):
            check_safetensors_file(path)
