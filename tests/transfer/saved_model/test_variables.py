import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.transfer.saved_model.graph import read_graph
from keras_transfer_gen.transfer.saved_model.variables import (
    NEVER_TRAINED,
    NamedVariable,
    attach_losses,
    group_variables,
    inner_groups,
    name_variables,
)
from tests.saved_model_fixtures import saved


def named_of(kind, name=""):
    loaded = tf.saved_model.load(str(saved(kind)[0] / name))
    return name_variables(loaded, read_graph(loaded))


def names(named, trained=None, frozen=None):
    return {n.name for n in named if trained in (None, n.trained) and frozen in (None, n.frozen)}


def test_names_natures_and_flags_of_every_kind():
    statistics = {"norm_1/moving_mean", "norm_1/moving_variance"}
    weights = {f"{layer}/{name}" for layer in ("conv_1", "conv_10", "conv_2") for name in ("kernel", "bias")}
    weights |= {"norm_1/gamma", "norm_1/beta"}
    for kind, name in (("keras_2", "whole"), ("keras_3", "model")):
        named = named_of(kind, name)
        assert names(named, trained=True) == names(named, frozen=False) == weights
        assert names(named, trained=False) == statistics
    assert names(named_of("keras_2", "part"), trained=True, frozen=True) == {"conv_10/kernel", "conv_10/bias"}
    assert names(named_of("keras_3", "archive"), trained=False) > statistics  # and the dropout's seed
    named = named_of("tf1", "model")
    assert names(named) == {"generator/conv_1/w", "generator/conv_1/scale", "global_step"}
    assert names(named, trained=True, frozen=True) == {"generator/conv_1/scale"}


def test_names_that_several_have_are_replaced_by_their_place_in_the_object():
    named = named_of("module")
    assert names(named) == {"layers/0/w", "layers/0/b", "layers/1/w", "layers/1/b", "centre", "head/gain"}
    assert names(named, trained=False) == {"centre"}  # nothing in its name says so, but the training mode writes it
    place = {n.name: n.variable for n in named}
    assert place["layers/0/w"].shape == (6, 8) and place["layers/1/w"].shape == (8, 4)


def test_places_that_are_taken_get_a_number(tmp_path):
    module = tf.Module()
    module.a = tf.Variable(tf.zeros(1), name="w")
    module.b = tf.Variable(tf.zeros(2), name="w")
    module.c = tf.Variable(tf.zeros(3), name="a")
    module.__call__ = tf.function(
        lambda x: x + module.a[0] + module.b[0] + module.c[0], input_signature=[tf.TensorSpec((), tf.float32)]
    )
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    named = name_variables(loaded, read_graph(loaded))
    assert len(names(named)) == 3 and names(named) == {"a", "b", "a_1"}


@pytest.mark.parametrize("name", ["moving_mean", "batch_moving_variance", "running_var", "u", "u0", "vector_u", "sn_u"])
def test_names_of_what_is_never_trained(name):
    assert NEVER_TRAINED.fullmatch(name)


@pytest.mark.parametrize("name", ["kernel", "removing_mean", "mean", "gamma", "up", "unit", "ema", "w"])
def test_names_of_what_may_be_trained(name):
    assert not NEVER_TRAINED.fullmatch(name)


def variable(name, trained=True, frozen=False, value=0.0):
    return NamedVariable(name, tf.Variable(value, trainable=not frozen), trained, frozen)


def test_groups_follow_the_names_and_share_the_variables():
    named = [variable("g/conv/w"), variable("g/conv/b", frozen=True), variable("g/s", False, True), variable("loose")]
    groups, variables = group_variables(named)
    assert [group.name for group in groups] == ["loose_variables", "g"]
    assert {group.name: len(group.own_variables()) for group in inner_groups(groups)} == {
        "loose_variables": 1, "g": 1, "conv": 2,
    }  # fmt: skip
    assert all(variables[item.name].value is item.variable for item in named)
    assert variables["g/conv/w"].name == "w" and variables["g/conv/w"].path.endswith("conv/w")
    assert {name: v.trainable for name, v in variables.items()} == {
        "g/conv/w": True, "g/conv/b": False, "g/s": False, "loose": True,
    }  # fmt: skip
    groups[1].trainable = False
    groups[1].trainable = True  # what is frozen can be released, a statistic can't
    assert variables["g/conv/b"].trainable and not variables["g/s"].trainable
    (statistics,) = [group.statistics() for group in inner_groups(groups) if group.statistics()]
    assert statistics == [variables["g/s"]]


def test_counters_are_no_statistics():
    groups, variables = group_variables([variable("n/step", False, True, value=tf.constant(3, tf.int64))])
    assert groups[0].groups == [] and groups[0].statistics() == []
    assert variables["n/step"].dtype == "int64"


def test_losses_are_attached_to_what_they_weigh():
    a, b = variable("a/w", value=2.0), variable("b/w", value=3.0)
    losses = [tf.function(lambda: a.variable**2), tf.function(lambda: a.variable), tf.function(lambda: b.variable)]
    groups, variables = group_variables([a, b])
    attach_losses(losses, variables.values())
    layer = keras.layers.Layer()
    layer.groups = groups
    np.testing.assert_allclose(layer.losses, [2.0**2 + 2.0, 3.0])
    variables["b/w"].trainable = False
    np.testing.assert_allclose(layer.losses, [6.0])
