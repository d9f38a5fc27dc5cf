import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.saved_model.input_roles import (
    IDS,
    LATENTS,
    ONE_HOT,
    SWITCH,
    TRUNCATION,
    can_be_filled,
    check_overrides,
    fill,
    named_leaves,
    replace_leaves,
    roles_of,
    width,
)
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides

OPEN = tf.TensorShape(None)


def spec(*shape, dtype="float32"):
    return tf.TensorSpec(shape, dtype)


@pytest.mark.parametrize(("inputs", "given", "roles"), [
    ({"z": spec(None, 8)}, {}, [LATENTS]),
    ({"a": spec(None, 1, 1, 8)}, {}, [LATENTS]), ({"a": spec(None, 8, 1, 1)}, {}, [LATENTS]),
    ({"a": spec(None, 8), "b": spec(None, dtype="int64")}, {}, [LATENTS, IDS]),
    ({"a": spec(None, 8), "b": spec(None, 1, dtype="int32")}, {}, [LATENTS, IDS]),
    ({"a": spec(None, 8), "b": spec(None, 5, dtype="int32")}, {}, [LATENTS, ONE_HOT]),
    ({"a": spec(None, 8), "y": spec(None, 9)}, {}, [LATENTS, ONE_HOT]),
    ({"a": spec(None, 8), "label": spec(None)}, {}, [LATENTS, IDS]),
    ({"a": spec(None, 8), "label": spec(None, 1)}, {}, [LATENTS, IDS]),
    ({"z": spec(None, 8), "truncation": spec(), "training": spec(dtype="bool")}, {}, [LATENTS, TRUNCATION, SWITCH]),
    # Two float inputs without telling names: the narrower takes the classes, unless something says otherwise.
    ({"a": spec(None, 10), "b": spec(None, 100)}, {}, [ONE_HOT, LATENTS]),
    ({"a": spec(None, 1), "b": spec(None, 100)}, {}, [IDS, LATENTS]),
    ({"noise": spec(None, 10), "b": spec(None, 100)}, {}, [LATENTS, ONE_HOT]),
    ({"a": spec(None, 10), "b": spec(None, 100)}, {"latent_dim": 10}, [LATENTS, ONE_HOT]),
    ({"a": spec(None, 10), "b": spec(None, 100)}, {"labels": 100}, [LATENTS, ONE_HOT]),
    ({"a": spec(None, 10), "b": spec(None, 100)}, {"labels": "none"}, [LATENTS, LATENTS]),
    ({"a": spec(None, 10), "b": spec(None, 10)}, {}, [LATENTS, LATENTS]),
    ({"z": spec(None, 64), "noise": spec(None, 10)}, {}, [LATENTS, LATENTS]),
    ({"z": spec(None, 64), "psi": spec(None, 1)}, {}, [LATENTS, TRUNCATION]),
    ({"z": spec(None, 64), "psi": spec(1)}, {}, [LATENTS, TRUNCATION]),
    ({"z": spec(None, 64), "psi": spec(None, 18)}, {}, [LATENTS, LATENTS]),
    ({"a": spec(None, 8), "b": spec(None)}, {}, [LATENTS, None]),
    ({"a": spec(None, 8), "b": spec(None)}, {"labels": "integer"}, [LATENTS, IDS]),
    ({"a": spec(None, 8), "b": spec(None, None, dtype="int32")}, {"labels": "integer"}, [LATENTS, IDS]),
    ({"a": tf.TensorSpec(OPEN, "float32")}, {}, [None]), ({"z": tf.TensorSpec(OPEN, "float32")}, {}, [LATENTS]),
    ({"a": tf.TensorSpec(OPEN, "float32")}, {"latent_dim": 4}, [LATENTS]),
    ({"a": spec(None, 8, 8, 3)}, {}, [None]), ({"a": spec(dtype="float32")}, {}, [None]),
    ({"a": spec(None, 8, dtype="complex64")}, {}, [None]), ({"a": spec(None, dtype="string")}, {}, [None]),
])  # fmt: skip
def test_roles_are_told_by_type_rank_name_and_what_is_given(inputs, given, roles):
    found = roles_of(inputs, SpecOverrides(**given))
    assert list(found.values()) == roles and list(found) == [name for name, _ in named_leaves(inputs)]
    assert can_be_filled(found) == (roles.count(LATENTS) == 1 and None not in roles)


def test_width_is_that_of_the_axis_that_is_not_one():
    assert [width(one) for one in (spec(None, 8), spec(3, 1, 8, 1), spec(None, 1), spec(None), spec(None, None))] == [
        8, 8, 1, 1, None,
    ]  # fmt: skip
    assert width(tf.TensorSpec(OPEN)) is None and width(spec(None, 8, 8)) is None


def check(inputs, **given):
    overrides = SpecOverrides(**given)
    return check_overrides(inputs, roles_of(inputs, overrides), overrides)


Z, IDS_IN, HOT_IN = spec(None, 8), spec(None, dtype="int32"), spec(None, 5, dtype="int32")


@pytest.mark.parametrize(("inputs", "given"), [
    ({"z": Z}, {}), ({"z": Z}, {"latent_dim": 8, "labels": "none"}), ({"z": Z, "y": IDS_IN}, {"labels": "integer"}),
    ({"z": Z, "y": IDS_IN}, {"labels": 99}), ({"z": Z, "y": HOT_IN}, {"labels": 5}),
    ({"z": Z, "y": HOT_IN}, {"labels": "one-hot"}), ({"z": spec(None, None)}, {"latent_dim": 3}),
    ({"z": Z, "y": spec(None, None, dtype="int32")}, {"labels": 4}),
])  # fmt: skip
def test_what_the_graph_takes_may_be_said(inputs, given):
    assert check(inputs, **given) is None


@pytest.mark.parametrize(("inputs", "given", "text"), [
    ({"z": Z}, {"latent_dim": 9}, "`latent_dim` must be 8, the length that the input 'z' takes.*latent_dim=9.*Leave"),
    ({"z": spec(None, None)}, {}, "`latent_dim` must be given, since the input 'z' has no fixed length.*--latent-dim"),
    ({"z": Z}, {"labels": 3}, "`labels` must be 'none': no input can take classes"),
    ({"z": Z}, {"labels": "integer"}, "`labels` must be 'none'"),
    ({"z": Z, "y": IDS_IN}, {"labels": "none"}, "`labels` must be 'integer' or the number of classes: the input 'y'"),
    ({"z": Z, "y": IDS_IN}, {"labels": "one-hot"}, "takes class ids.*Leave out labels= .--labels"),
    ({"z": Z, "y": HOT_IN}, {"labels": "integer"}, "`labels` must be 'one-hot' or 5: the input 'y' takes one-hot"),
    ({"z": Z, "y": HOT_IN}, {"labels": 4}, "one-hot classes, 5 of them. Received: labels=4"),
    ({"z": Z, "y": spec(None, None, dtype="int32")}, {}, "the number of classes: the input 'y' .* leaves their number"),
])  # fmt: skip
def test_what_the_graph_does_not_take_is_refused(inputs, given, text):
    with pytest.raises(checks.UserError, match=text):
        check(inputs, **given)


def test_inputs_are_filled_in_their_structure_shapes_and_types():
    inputs = {
        "args": [spec(None, 1, 4, 1), {"y": spec(None, 3), "id": spec(None, 1, dtype="float16")}],
        "truncation": spec(dtype="float64"), "training": spec(dtype="bool"),
    }  # fmt: skip
    roles = {
        "args/0": LATENTS, "args/1/y": ONE_HOT, "args/1/id": IDS, "truncation": TRUNCATION, "training": SWITCH,
    }  # fmt: skip
    z, labels = np.arange(8.0).reshape(2, 4), np.array([2, 0])
    made = fill(inputs, roles, z, labels, 0.5)
    np.testing.assert_array_equal(made["args"][0], z.reshape(2, 1, 4, 1))
    np.testing.assert_array_equal(made["args"][1]["y"], np.eye(3)[labels])
    np.testing.assert_array_equal(made["args"][1]["id"], [[2], [0]])
    assert made["args"][1]["id"].dtype == tf.float16 and made["args"][0].dtype == tf.float32
    assert float(made["truncation"]) == 0.5 and made["truncation"].dtype == tf.float64 and not made["training"]


def test_truncation_is_given_once_or_for_each_image():
    inputs = {"z": spec(None, 4), "psi": spec(None, 1), "truncation": spec(1)}
    made = fill(inputs, {"z": LATENTS, "psi": TRUNCATION, "truncation": TRUNCATION}, np.ones((3, 4)), np.zeros(3), 0.7)
    np.testing.assert_allclose(made["psi"], np.full((3, 1), 0.7, np.float32))
    np.testing.assert_allclose(made["truncation"], [np.float32(0.7)])


def test_open_sizes_are_filled_by_what_is_given():
    inputs = {"z": spec(None, 1, 1, None), "y": spec(None, None)}
    made = fill(inputs, {"z": LATENTS, "y": ONE_HOT}, np.ones((2, 4)), np.array([1, 3]), classes=6)
    assert made["z"].shape == (2, 1, 1, 4) and made["y"].shape == (2, 6)
    graph = tf.function(
        lambda z: fill(inputs, {"z": LATENTS, "y": ONE_HOT}, z, tf.zeros(tf.shape(z)[0], tf.int32), 1, 6)
    )
    assert graph(tf.ones((3, 4)))["z"].shape == (3, 1, 1, 4)


@pytest.mark.parametrize("wrap", [np.array, tf.constant])
def test_one_hot_of_a_class_that_there_is_not_is_refused(wrap):
    inputs, roles = {"z": spec(None, 4), "y": spec(None, 3)}, {"z": LATENTS, "y": ONE_HOT}
    with pytest.raises(checks.UserError, match=r"`labels` must be integers from 0 to 2. Received: labels=\[-1, 3\]"):
        fill(inputs, roles, np.ones((3, 4)), wrap([3, 1, -1]))
    traced = tf.function(lambda labels: fill(inputs, roles, tf.ones((1, 4)), labels)["y"])
    np.testing.assert_array_equal(traced(wrap([3])), np.zeros((1, 3)))  # a graph has no way to say so


def test_leaves_are_named_by_their_way_and_filled_by_their_names():
    structure = {"a": [1, {"b": 2}], "c": 3}
    assert named_leaves(structure) == [("a/0", 1), ("a/1/b", 2), ("c", 3)] and named_leaves(7) == [("", 7)]
    assert replace_leaves(structure, {"a/0": "x", "a/1/b": "y", "c": "z"}) == {"a": ["x", {"b": "y"}], "c": "z"}
