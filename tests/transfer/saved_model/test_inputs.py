import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.saved_model.inputs import describe, sort_inputs

Z = tf.TensorSpec((None, 6), tf.float32)
LABEL = tf.TensorSpec((None,), tf.int32)


def test_one_tensor_goes_to_the_only_parameter_whatever_its_name():
    z = np.ones((2, 6))
    for given in (z, {"z": z}, [z]):
        fitted = sort_inputs(given, {"z": Z}, labelled=True)
        assert list(fitted) == ["z"] and fitted["z"].dtype == tf.float32
        np.testing.assert_array_equal(fitted["z"], z)


def test_several_tensors_are_sorted_by_name_and_by_place_only_where_it_tells():
    z, label = np.ones((2, 6), np.float32), np.arange(2)
    wanted = {"label": LABEL, "z": Z}
    for fitted in (sort_inputs({"z": z, "label": label}, wanted, True), sort_inputs([label, z], wanted, False)):
        np.testing.assert_array_equal(fitted["label"], label)
        assert fitted["label"].dtype == tf.int32
    assert sort_inputs([label, z], wanted, labelled=True) is None
    assert sort_inputs({"z": z}, wanted, False) is None
    assert sort_inputs({"z": z, "label": label, "more": z}, wanted, False) is None


def test_structure_of_one_parameter_is_kept():
    z, label = np.ones((2, 6), np.float32), np.arange(2)
    fitted = sort_inputs({"z": z, "label": label}, {"inputs": {"label": LABEL, "z": Z}}, False)
    assert set(fitted["inputs"]) == {"z", "label"}
    fitted = sort_inputs((z, label), {"inputs": [Z, LABEL]}, False)
    assert fitted["inputs"][1].dtype == tf.int32
    assert sort_inputs(z, {"inputs": [Z, LABEL]}, False) is None


def test_shapes_are_compared():
    assert sort_inputs(np.ones((2, 5)), {"z": Z}, True) is None
    assert sort_inputs(np.ones(6), {"z": Z}, True) is None
    assert sort_inputs(np.ones((2, 6)), {"z": tf.TensorSpec(None, tf.float32)}, True) is not None


def test_types_are_cast_only_where_nothing_is_lost():
    assert sort_inputs(np.ones((2, 6), np.int64), {"z": Z}, True)["z"].dtype == tf.float32
    assert sort_inputs(tf.ones((2, 6), tf.bfloat16), {"z": Z}, True)["z"].dtype == tf.float32
    with pytest.raises(
        checks.UserError, match=r"`inputs\['label'\]` must be of type int32. Received: .*'float32'.*dtype='int32'"
    ):
        sort_inputs(np.ones(2, np.float32), {"label": LABEL}, True)
    text = sort_inputs(tf.constant(["a"]), {"text": tf.TensorSpec((None,), tf.string)}, True)
    assert text["text"].dtype == tf.string
    with pytest.raises(checks.UserError, match="must be of type string"):
        sort_inputs(np.ones(2, np.float32), {"text": tf.TensorSpec((None,), tf.string)}, True)


def test_description_shows_structure_types_and_shapes():
    assert describe({"z": Z, "more": [LABEL, 3]}) == "{'more': [int32 (None,), int], 'z': float32 (None, 6)}"
    assert describe(np.ones((2, 3))) == "float64 (2, 3)"


def test_sparse_tensors_become_dense_where_the_graph_wants_it():
    fitted = sort_inputs(tf.sparse.from_dense(tf.eye(6)), {"z": Z}, True)
    np.testing.assert_array_equal(fitted["z"], np.eye(6))
