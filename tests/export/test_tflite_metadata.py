import numpy as np
import pytest

from keras_transfer_gen.checks import UserFileError
from keras_transfer_gen.export.run_tflite import run_tflite
from keras_transfer_gen.export.tflite_metadata import add_metadata, metadata_of, read_tflite_metadata
from keras_transfer_gen.specs import ModelSpec
from tests.export.small_models import LABELS_SPEC, SPEC


def test_file_says_what_it_takes_and_under_which_licence(tflite_files):
    metadata = read_tflite_metadata(tflite_files["generator", "sampler"])
    assert metadata["latents"] == {"size": 6, "distribution": "normal", "truncation": 0.8}
    assert metadata["images"] == {"size": 28, "channels": 3, "range": [-1.0, 1.0]}
    assert (metadata["licence"], metadata["quantize"], metadata["function"]) == ("CC0-1.0", "none", "serve")
    assert ModelSpec.from_dict(metadata["spec"]) == SPEC
    assert read_tflite_metadata(tflite_files["labels", "sampler"])["labels"]["count"] == LABELS_SPEC.num_classes
    assert read_tflite_metadata(tflite_files["vae", "encoder"])["function"] == "encode"


def test_classes_have_their_names():
    spec = ModelSpec(4, 3, 6, num_classes=2, class_names=("cat", "dog"))
    assert metadata_of(spec, "serve", "none")["labels"] == {"count": 2, "class_names": ["cat", "dog"]}


def test_new_metadata_replaces_the_old_and_the_file_still_runs(tflite_files, tmp_path):
    old, new = tflite_files["generator", "sampler"], tmp_path / "a.tflite"
    new.write_bytes(add_metadata(old.read_bytes(), {**metadata_of(SPEC, "serve", "int8", ["a/b"]), "note": "Größe"}))
    metadata = read_tflite_metadata(new)
    assert (metadata["note"], metadata["float_layers"]) == ("Größe", ["a/b"])
    z = np.ones((2, 6), np.float32)
    np.testing.assert_array_equal(run_tflite(new, z), run_tflite(old, z))


def test_files_without_it_are_refused(tmp_path):
    with pytest.raises(UserFileError, match="an existing TFLite file"):
        read_tflite_metadata(tmp_path / "absent.tflite")
    (tmp_path / "a.tflite").write_bytes(b"none of that")
    with pytest.raises(UserFileError, match="that keras_transfer_gen exported"):
        read_tflite_metadata(tmp_path / "a.tflite")
