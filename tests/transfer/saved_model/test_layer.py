import re
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.freezing.trainable_report import trainable_report
from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer
from tests.saved_model_fixtures import (
    KINDS,
    RATE,
    SIZE,
    STEPS,
    WITH_MODE,
    folder_of,
    latents,
    layer_of,
    saved,
    targets,
    values_of,
    write_references,
)  # fmt: skip


def expected(kind):
    """What the original computes in inference mode."""
    values = saved("keras_3" if kind == "archive" else kind)[1]
    if kind == "module":
        return values(latents(), training=False).numpy()
    if kind in ("keras_3", "archive"):
        return values[{"keras_3": "model", "archive": "archive"}[kind]](latents(), training=False).numpy()
    return values[{"keras_2": "whole", "tf1": "model"}[kind]]


def moved(layer, before):
    return {name for name, value in values_of(layer).items() if not np.array_equal(value, before[name])}


def step(layer, rate=RATE, training=True):
    """One step of SGD; returns the loss before it."""
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((layer(latents(), training=training) - targets()) ** 2)
        loss += sum(layer.losses)
    variables = layer.trainable_variables
    gradients = tape.gradient(loss, variables)
    assert all(gradient is not None for gradient in gradients)
    keras.optimizers.SGD(rate).apply(gradients, variables)
    return float(loss)


@pytest.mark.parametrize("kind", KINDS)
def test_layer_computes_what_the_original_computes(kind):
    layer = layer_of(kind)
    images = layer(latents())
    assert images.shape == (16, 4) and images.dtype == tf.float32
    np.testing.assert_allclose(images, expected(kind), atol=1e-6)
    np.testing.assert_allclose(layer(latents()[:3]), expected(kind)[:3], atol=1e-6)
    np.testing.assert_allclose(tf.function(layer)(latents()), expected(kind), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_fine_tuning_lowers_the_loss_and_reaches_the_inputs(kind):
    layer = layer_of(kind)
    before, losses = values_of(layer), [step(layer, training=False) for _ in range(8)]
    assert losses[-1] < losses[0]
    trained = {name for name, variable in layer.named_variables.items() if variable.trainable}
    assert moved(layer, before) == trained
    x = tf.constant(latents())
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(layer(x) ** 2)
    assert float(tf.reduce_sum(tf.abs(tape.gradient(y, x)))) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_variables_are_shared_and_listed_by_their_original_names(kind):
    layer = layer_of(kind)
    paths = {row.path for row in trainable_report(layer).rows}
    assert paths == set(layer.named_variables)
    assert {"keras_2": "norm_1/moving_mean", "tf1": "generator/conv_1/w"}.get(kind, next(iter(paths))) in paths
    assert len(layer.weights) == len(layer.get_weights()) == len(paths)
    variable = layer.trainable_variables[0]
    before = layer(latents()).numpy()
    variable.value.assign(variable.value * 2.0)
    assert not np.allclose(layer(latents()), before)
    model = keras.Sequential([keras.Input((SIZE,)), layer])
    assert {row.path for row in trainable_report(model).rows} == {f"source/{path}" for path in paths}
    assert model.count_params() == sum(value.size for value in values_of(layer).values())


@pytest.mark.parametrize("kind", WITH_MODE)
def test_training_reaches_batch_norm_and_dropout(kind):
    layer = layer_of(kind)
    assert layer.has_training_mode and layer.trainable_kind == "training mode"
    before = values_of(layer)
    outputs = [layer(latents(), training=True).numpy() for _ in range(2)]
    assert not np.allclose(*outputs)  # dropout
    changed = {name for name in moved(layer, before) if not name.endswith("seed_generator_state")}
    assert changed == ({"centre"} if kind == "module" else {"norm_1/moving_mean", "norm_1/moving_variance"})


@pytest.mark.parametrize("kind", ("keras_3", "tf1"))
def test_layer_without_training_mode_says_so_and_moves_nothing(kind):
    layer = layer_of(kind)
    assert not layer.has_training_mode and layer.trainable_kind == "inference mode"
    assert "without a training mode" in layer.trainable_words
    before = values_of(layer)
    np.testing.assert_array_equal(layer(latents(), training=True), layer(latents()))
    assert moved(layer, before) == set()


def test_missing_training_mode_is_told_where_it_is_missed():
    with pytest.warns(UserWarning, match="'source': 8 of 10 variables can be trained, but .* without a training mode"):
        SavedModelLayer(folder_of("keras_3"), name="source")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SavedModelLayer(folder_of("keras_3"), trainable=False)


@pytest.mark.parametrize("kind", WITH_MODE)
@pytest.mark.parametrize("by_rule", [True, False])
def test_layer_frozen_whole_runs_in_inference_mode_and_moves_nothing(kind, by_rule):
    layer = layer_of(kind, trainable=by_rule)
    if by_rule:
        freeze(layer, {".*": False})
    before = values_of(layer)
    np.testing.assert_allclose(layer(latents(), training=True), expected(kind), atol=1e-6)
    assert moved(layer, before) == set() and layer.trainable_variables == []


RULES = {"(.*/)?conv_[12]/.*": False, ".*": True}


@pytest.mark.parametrize("kind", ("keras_2", "archive"))
def test_frozen_names_are_bit_identical_and_the_others_move(kind):
    layer = layer_of(kind)
    freeze(layer, RULES)
    before = values_of(layer)
    for _ in range(3):
        step(layer)
    frozen = {name for name in before if name.startswith(("conv_1/", "conv_2/"))}
    assert len(frozen) == 4 and not moved(layer, before) & frozen
    assert moved(layer, before) >= {"conv_10/kernel", "norm_1/gamma", "norm_1/moving_mean"}
    freeze(layer, {".*": True})
    assert len(layer.trainable_variables) == 8


class Subclassed(keras.Model):
    def __init__(self, layer):
        super().__init__()
        self.inner, self.head = layer, keras.layers.Dense(4, name="head")

    def call(self, x, training=None):
        return self.head(self.inner(x, training=training))


def functional(layer):
    x = keras.Input((SIZE,))
    return keras.Model(x, keras.layers.Dense(4, name="head")(layer(x)))


def subclassed(layer):
    model = Subclassed(layer)
    model(latents())
    return model


@pytest.mark.parametrize("make", [functional, subclassed])
def test_rules_hold_in_a_model_that_is_fitted(make):
    layer = layer_of("keras_2")
    model = make(layer)
    report = freeze(model, {".*conv_[12]/.*": False, ".*": True})
    assert [row.path for row in report.rows if not row.trainable] == [
        "source/conv_1/kernel", "source/conv_1/bias", "source/norm_1/moving_mean", "source/norm_1/moving_variance",
        "source/conv_2/kernel", "source/conv_2/bias",
    ]  # fmt: skip
    before, head = values_of(layer), model.get_layer("head").get_weights()
    model.compile(keras.optimizers.SGD(RATE), "mse")
    history = model.fit(latents(), targets(), epochs=20, verbose=0).history["loss"]
    assert np.mean(history[-5:]) < np.mean(history[:5])  # each varies: the model has dropout
    assert not moved(layer, before) & {"conv_1/kernel", "conv_1/bias", "conv_2/kernel", "conv_2/bias"}
    assert moved(layer, before) >= {"conv_10/kernel", "norm_1/moving_mean"}
    assert not np.array_equal(head[0], model.get_layer("head").get_weights()[0])


def test_frozen_statistics_hold_the_whole_graph_in_inference_mode():
    layer = layer_of("keras_2")
    freeze(layer, {"norm_1/.*": False})
    before = values_of(layer)
    np.testing.assert_array_equal(layer(latents(), training=True), layer(latents()))
    step(layer)
    assert moved(layer, before) == {name for name in before if not name.startswith("norm_1/")}
    freeze(layer, [("norm_1/moving_.*", True), ("norm_1/.*", False)])
    before = values_of(layer)
    step(layer)
    assert {name for name in moved(layer, before) if "norm" in name} == {"norm_1/moving_mean", "norm_1/moving_variance"}


def test_statistics_never_become_trainable():
    for kind, names in {"keras_2": {"norm_1/moving_mean"}, "module": {"centre"}, "tf1": {"global_step"}}.items():
        layer = layer_of(kind)
        freeze(layer, {".*": True})
        layer.trainable = False
        layer.trainable = True
        assert not any(layer.named_variables[name].trainable for name in names)
        assert names <= set(layer.named_variables)


@pytest.mark.parametrize(("kind", "name"), [("module", "head/gain"), ("tf1", "generator/conv_1/scale")])
def test_variable_frozen_by_its_author_is_trained_once_it_is_released(kind, name):
    layer = layer_of(kind)
    assert not layer.named_variables[name].trainable
    before = values_of(layer)
    step(layer)
    assert name not in moved(layer, before)
    freeze(layer, {name: True})
    with tf.GradientTape() as tape:  # the trap: the tape records nothing of it by itself
        loss = tf.reduce_sum(layer(latents()) ** 2)
    assert tape.gradient(loss, layer.named_variables[name].value) is not None
    step(layer)
    assert name in moved(layer, before)


def test_layer_frozen_by_a_keras_2_author_is_reported_frozen():
    layer = SavedModelLayer(saved("keras_2")[0] / "part")
    assert [name for name, v in layer.named_variables.items() if not v.trainable and "moving" not in name] == [
        "conv_10/kernel", "conv_10/bias",
    ]  # fmt: skip
    before = values_of(layer)
    step(layer)
    assert not moved(layer, before) & {"conv_10/kernel", "conv_10/bias"} and "norm_1/moving_mean" in moved(
        layer, before
    )
    freeze(layer, {".*": True})
    before = values_of(layer)
    step(layer)
    assert "conv_10/kernel" in moved(layer, before)


def test_regularisation_losses_are_those_of_the_original_and_follow_the_flags():
    layer = layer_of("keras_2")
    np.testing.assert_allclose([float(loss) for loss in layer.losses], saved("keras_2")[1]["losses"], rtol=1e-6)
    assert len(functional(layer).losses) == 2
    freeze(layer, {"conv_1/.*": False})
    assert len(layer.losses) == 1
    layer = layer_of("module")
    np.testing.assert_allclose(layer.losses, [saved("module")[1].weight_loss()], rtol=1e-6)


def test_same_weights_as_tf_keras_with_hub_after_the_same_training():
    folder, values = saved("keras_2")
    layer = SavedModelLayer(folder / "plain")
    model = keras.Sequential([keras.Input((SIZE,)), layer])
    model.compile(keras.optimizers.SGD(RATE, momentum=0.9), "mse")
    before = values_of(layer)
    model.fit(latents(), targets(), batch_size=16, epochs=STEPS, shuffle=False, verbose=0)
    assert {f"tuned/{name}" for name in before} == {name for name in values if name.startswith("tuned/")}
    for name, value in values_of(layer).items():
        np.testing.assert_allclose(value, values[f"tuned/{name}"], atol=1e-5)
    assert moved(layer, before) >= {"conv_1/kernel", "norm_1/moving_variance"}


def test_labelled_and_listed_inputs_and_outputs_pass_through():
    z, label = latents(5), np.arange(5)  # int64; the graphs want int32
    folder, values = saved("keras_2")
    layer = SavedModelLayer(folder / "many")
    outputs = layer({"z": z, "label": label})
    np.testing.assert_allclose(outputs["image"], values["image"], atol=1e-6)
    inputs = {"z": keras.Input((SIZE,), name="z"), "label": keras.Input((), dtype="int32", name="label")}
    model = keras.Model(inputs, layer(inputs))
    np.testing.assert_allclose(model({"z": z, "label": label})["row"], outputs["row"])
    folder, models = saved("keras_3")
    layer = SavedModelLayer(folder / "lists")
    for mine, original in zip(layer([z, label]), models["lists"]([z, label]), strict=True):
        np.testing.assert_allclose(mine, original, atol=1e-6)
    layer = SavedModelLayer(folder / "lists", signature="serving_default")
    outputs = layer({"z": z, "label": label})
    assert set(outputs) == {"output_0", "output_1"}


def test_signature_can_be_chosen_and_integers_stay_integers():
    folder, _ = saved("functions")
    layer = SavedModelLayer(folder, signature="pick")
    outputs = layer({"label": np.array([1, 4]), "scale": np.array(2.0)})
    np.testing.assert_array_equal(outputs["row"], [[4.0, 6.0], [16.0, 18.0]])
    assert outputs["label"].dtype == tf.int32
    layer = SavedModelLayer(folder, signature="double", trainable=False)
    np.testing.assert_array_equal(layer(np.ones((1, 2), np.float32)), [[2.0, 2.0]])


def test_loaded_object_serves_as_well_as_its_folder():
    loaded = tf.saved_model.load(str(folder_of("module")))
    layer = SavedModelLayer(loaded)
    np.testing.assert_allclose(layer(latents()), expected("module"), atol=1e-6)
    with pytest.raises(
        checks.UserError, match="`source` must be a path or handle to save .*Received: source='an object'"
    ):
        layer.get_config()


@pytest.mark.parametrize("kind", KINDS)
def test_mixed_precision_computes_inside_as_saved_and_trains(kind):
    layer = layer_of(kind, dtype="mixed_bfloat16")
    images = layer(tf.cast(latents(), tf.bfloat16))
    assert images.dtype == tf.bfloat16
    np.testing.assert_allclose(layer(latents()), tf.cast(expected(kind), tf.bfloat16), atol=0)  # inputs aren't rounded
    model = keras.Sequential([keras.Input((SIZE,)), layer])
    model.compile(keras.optimizers.SGD(RATE), "mse")
    before = values_of(layer)
    assert np.isfinite(model.fit(latents(), targets(), verbose=0).history["loss"]).all()
    assert moved(layer, before)


def test_impossible_wishes_are_refused_in_words(tmp_path):
    constant = saved("tf1")[0] / "constant"
    with pytest.raises(
        checks.UserError, match="`trainable` must be False for this SavedModel.*gradients.*trainable=False"
    ):
        SavedModelLayer(constant)
    layer = SavedModelLayer(constant, trainable=False)
    assert layer.trainable_kind == "nothing" and layer.weights == []
    np.testing.assert_array_equal(layer(latents()), 2 * latents())
    with pytest.raises(checks.UserError, match=r"`signature` must be one of '__call__'.*Received: signature='other'"):
        SavedModelLayer(folder_of("module"), "other")
    with pytest.raises(checks.UserError, match="`frozen` must be one of .*Did you mean .*layers/0/w"):
        SavedModelLayer(folder_of("module"), frozen=["layers/0/v"])
    with pytest.raises(checks.UserFileError, match="`source` must be an existing folder with a SavedModel.*missing"):
        SavedModelLayer(tmp_path / "missing")
    with pytest.raises(checks.UserError, match="`source` must be a SavedModel. Received: source=3. Give a folder"):
        SavedModelLayer(3)
    with pytest.raises(checks.UserError, match="`source` must be a SavedModel"):
        SavedModelLayer(keras.layers.Dense(1))


def test_training_signature_can_be_named():
    layer = layer_of("archive", signature="serve", training_signature="call_training")
    assert layer.has_training_mode
    before = values_of(layer)
    layer(latents(), training=True)
    assert moved(layer, before)
    assert not layer_of("keras_2", signature="serving_default", trainable=False).has_training_mode


def test_inputs_that_do_not_fit_are_refused_with_what_is_wanted():
    layer = layer_of("module")
    with pytest.raises(
        checks.UserError, match=r"`inputs` must be float32 \(None, 6\). Received: inputs=float32 \(2, 5\)"
    ):
        layer(np.ones((2, 5), np.float32))


def write_held(folder, held, statistics=False):
    """A module of two variables, of which some are frozen by their author and, if asked for, one is a statistic."""
    module = tf.Module()
    module.w = tf.Variable(tf.ones((SIZE, 2)), trainable="w" not in held, name="w")
    module.b = tf.Variable(tf.ones((2,)), trainable="b" not in held, name="b")
    module.mean = tf.Variable(tf.zeros((2,)), trainable=False, name="moving_mean") if statistics else 0.0
    call = tf.function(lambda x: x @ module.w + module.b - module.mean)
    module.__call__ = call
    call.get_concrete_function(tf.TensorSpec((None, SIZE)))
    tf.saved_model.save(module, str(folder))
    return folder


@pytest.mark.parametrize(("held", "words"), [
    ("", "2 of 2 variables can be trained. It was saved without a training mode."),
    ("b", "1 of 2 variables can be trained. It was saved without a training mode. 1 more were saved as not trainable."),
    ("wb", "2 of 2 variables can be trained. .*All of them were saved as not trainable: `ktg finetune`, or"),
])  # fmt: skip
def test_variables_that_the_author_froze_are_counted_as_the_table_does(held, words, tmp_path):
    layer = SavedModelLayer(write_held(tmp_path / "held", held))
    assert re.match(words, layer.trainable_words)
    assert sum(row.trainable for row in trainable_report(layer).rows) == 2 - len(held)


def test_norms_are_spoken_of_where_there_are_statistics(tmp_path):
    layer = SavedModelLayer(write_held(tmp_path / "norms", "", statistics=True), trainable=False)
    assert layer.trainable_words.startswith("2 of 3 variables can be trained, but it was saved without a training mode")
    assert "batch normalisation" in layer.trainable_words


def test_reference_variables_of_tf1_are_named_as_the_reason(tmp_path):
    write_references(tmp_path / "model")
    with pytest.raises(checks.UserError, match=r"TF1 reference variables.*enable_resource_variables\(\)"):
        SavedModelLayer(tmp_path / "model")
    layer = SavedModelLayer(tmp_path / "model", trainable=False)
    assert layer.trainable_kind == "nothing" and "TF1 reference variables" in layer.trainable_words
