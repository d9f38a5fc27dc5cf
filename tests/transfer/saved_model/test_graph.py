import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.saved_model.graph import (
    assigned_variables,
    draws_without_seed,
    each_once,
    endpoints,
    holds_references,
    read_graph,
)
from tests.saved_model_fixtures import folder_of, latents, saved, write_references

_alive = []  # a loaded object owns its variables; the functions alone don't keep them

ROW = tf.TensorSpec((None, 2), tf.float32, name="x")


class Methods(tf.Module):
    """A module with a statistic and functions that a test gives it."""

    def __init__(self, **functions):
        super().__init__()
        self.mean = tf.Variable(tf.zeros(2), trainable=False, name="mean")
        for name, function in functions.items():
            setattr(self, name, self._traced(function))

    def _traced(self, function):
        return tf.function(lambda x: function(self, x), input_signature=[ROW], autograph=False)


def save_and_load(module, tmp_path, **options):
    tf.saved_model.save(module, str(tmp_path), **options)
    return load(tmp_path)


def load(folder):
    _alive.append(tf.saved_model.load(str(folder)))
    return _alive[-1]


def keep(module, x):
    return x - module.mean


def move(module, x):
    module.mean.assign(tf.reduce_mean(x, 0))
    return x - module.mean


@pytest.mark.parametrize(
    ("kind", "name", "inference", "training"),
    [
        ("keras_2", "whole", "__call__", "__call__"),
        ("keras_3", "model", "serve", None),
        ("keras_3", "archive", "serve", "call_training"),
        ("module", "", "__call__", "__call__"),
        ("tf1", "model", "serving_default", None),
    ],
)
def test_default_function_and_training_mode_of_every_kind(kind, name, inference, training):
    graph = read_graph(load(saved(kind)[0] / name))
    assert graph.inference.name == inference
    assert (graph.training and graph.training.name) == training
    assert graph.inference.call(latents()).shape[0] == 16


def test_function_that_updates_variables_is_the_training_mode_whatever_its_name(tmp_path):
    graph = read_graph(save_and_load(Methods(serve=keep, adapt=move), tmp_path))
    assert graph.training.name == "adapt"
    graph.training.call(np.full((3, 2), 5.0), training=True)
    np.testing.assert_array_equal(graph.inference.call(np.zeros((1, 2))), [[-5.0, -5.0]])


@pytest.mark.parametrize("name", ["double", "train_step", "strain"])
def test_other_functions_of_the_same_interface_are_no_training_mode(tmp_path, name):
    assert read_graph(save_and_load(Methods(serve=keep, **{name: lambda _, x: 2.0 * x}), tmp_path)).training is None


def test_training_function_of_another_interface_is_left_alone(tmp_path):
    module = Methods(serve=keep, train=lambda m, x: {"a": x, "b": x})
    loaded = save_and_load(module, tmp_path)
    assert read_graph(loaded).training is None
    assert read_graph(loaded, training_signature="train").training.name == "train"


def test_flag_may_be_a_tensor(tmp_path):
    class Flag(tf.Module):
        @tf.function(input_signature=[ROW, tf.TensorSpec((), tf.bool)])
        def __call__(self, x, training):
            return tf.where(training, 2.0 * x, x)

    graph = read_graph(save_and_load(Flag(), tmp_path))
    assert graph.training is graph.inference
    x = np.ones((1, 2))
    assert float(graph.training.call(x, True)[0, 0]) == 2.0 and float(graph.inference.call(x, False)[0, 0]) == 1.0


def test_function_of_training_alone_is_refused(tmp_path):
    class Always(tf.Module):
        @tf.function
        def __call__(self, x, training=True):
            return x

    module = Always()
    module.__call__.get_concrete_function(ROW, training=True)
    with pytest.raises(
        checks.UserError, match="`signature` must be a function with an inference mode.*traced only with"
    ):
        read_graph(save_and_load(module, tmp_path))


def test_other_arguments_take_the_default_that_was_traced(tmp_path):
    class Scaled(tf.Module):
        @tf.function
        def __call__(self, x, scale=3.0):
            return x * scale

    module = Scaled()
    for scale in (5.0, 3.0):
        module.__call__.get_concrete_function(ROW, scale)
    assert float(read_graph(save_and_load(module, tmp_path)).inference.call(np.ones((1, 2)))[0, 0]) == 3.0


def test_missing_and_ambiguous_functions_are_told(tmp_path):
    with pytest.raises(
        checks.UserError, match="`source` must be a SavedModel with a function to call.*holds only variables"
    ):
        read_graph(save_and_load(Methods(), tmp_path))
    loaded = load(saved("functions")[0])
    with pytest.raises(checks.UserError, match="`signature` must be one of 'double', 'pick'.*no default"):
        read_graph(loaded)
    with pytest.raises(checks.UserError, match="`signature` must be one of 'double', 'pick'.*Did you mean double"):
        read_graph(loaded, "doubble")
    with pytest.raises(checks.UserError, match="`training_signature` must be one of"):
        read_graph(loaded, "double", "more")
    functions, signatures = endpoints(loaded)
    assert set(functions) == set(signatures) == {"pick", "double"}


def test_inputs_that_fit_no_form_are_refused_with_all_forms():
    graph = read_graph(load(saved("functions")[0]), "pick")
    wanted = r"\{'label': int32 \(None,\), 'scale': float32 \(\)\}"
    with pytest.raises(checks.UserError, match=rf"`inputs` must be {wanted}. Received: inputs=\[int64 \(2,\)\]"):
        graph.inference.call([np.arange(2)])


def test_only_output_comes_without_its_label_and_several_with(tmp_path):
    module = Methods(serve=lambda _, x: {"image": x}, both=lambda _, x: {"a": x, "b": x})
    loaded = save_and_load(module, tmp_path)
    assert read_graph(loaded).inference.call(np.ones((1, 2))).shape == (1, 2)
    assert set(read_graph(loaded, "both").inference.call(np.ones((1, 2)))) == {"a", "b"}


def test_assignments_are_found_in_inner_functions_and_branches(tmp_path):
    class Nested(tf.Module):
        def __init__(self):
            super().__init__()
            self.names = [tf.Variable(tf.zeros(2), name=name) for name in ("read", "inner", "branch", "added")]

        @tf.function
        def update(self, x):
            self.names[1].assign(tf.reduce_mean(x, 0))

        @tf.function(input_signature=[ROW])
        def __call__(self, x):
            self.update(x)
            branch = self.names[2]  # no `if`: AutoGraph uses what Python 3.13 deprecates
            tf.cond(tf.reduce_sum(x) > 0, lambda: branch.assign(tf.ones(2)), lambda: tf.identity(branch))
            self.names[3].assign_add(tf.ones(2))
            return x + self.names[0]

    graph = read_graph(save_and_load(Nested(), tmp_path))
    (concrete,) = graph.concrete_functions()
    assert {v.name for v in assigned_variables(concrete)} == {"inner:0", "branch:0", "added:0"}
    assert {v.name for v in graph.variables()} == {"read:0", "inner:0", "branch:0", "added:0"}


def test_each_once_goes_by_identity():
    a, b = tf.Variable(1.0), tf.Variable(1.0)
    assert [item is other for item, other in zip(each_once([a, b, a]), [a, b], strict=True)] == [True, True]


@pytest.mark.parametrize(("draw", "expected"), [
    (lambda x: x, False),
    (lambda x: x + tf.random.normal(tf.shape(x)), True),
    (lambda x: tf.nn.dropout(x, 0.5), True),
    (lambda x: x + tf.random.normal(tf.shape(x), seed=3), False),
    (lambda x: x + tf.random.stateless_normal(tf.shape(x), (1, 2)), False),
    (lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: x + tf.random.uniform(tf.shape(x))), True),
])  # fmt: skip
def test_random_numbers_without_a_seed_are_seen(draw, expected):
    tf.random.set_seed(None)  # one that another test has set would be built into the graph
    concrete = tf.function(draw).get_concrete_function(tf.TensorSpec((3,)))
    assert draws_without_seed(concrete) == expected


def test_reference_variables_of_tf1_are_seen(tmp_path):
    write_references(tmp_path / "model")
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    assert any(map(holds_references, read_graph(loaded).concrete_functions()))
    assert not any(map(holds_references, read_graph(tf.saved_model.load(folder_of("tf1"))).concrete_functions()))
