import gc
from pathlib import Path

import keras
import pytest
import tensorflow as tf

from keras_transfer_gen.transfer import provenance
from keras_transfer_gen.transfer.provenance import name_of, note_source, note_variable, source_of


def small_model():
    inputs = keras.Input((3,))
    x = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(4, name="hidden")(inputs))
    return keras.Model(inputs, keras.layers.Dense(2, name="logits")(x))


def test_variables_are_new_until_something_is_noted():
    model = small_model()
    assert {source_of(v) for v in model.variables} == {"new"}
    note_source(model, "noto_gan_64")
    assert {source_of(v) for v in model.variables} == {"noto_gan_64"}


def test_later_note_wins_and_single_variables_can_be_noted():
    model = small_model()
    note_source(model, "a.keras")
    note_variable(model.get_layer("logits").kernel, "b.npz")
    note_source(model.get_layer("norm"), "c.keras")
    assert [source_of(v) for v in model.variables] == ["a.keras"] * 2 + ["c.keras"] * 4 + ["b.npz", "a.keras"]


def test_tensorflow_variables_can_be_noted_though_they_compare_by_element():
    first, second = tf.Variable([1.0, 2.0]), tf.Variable([1.0, 2.0])
    note_variable(first, "graph")
    assert (source_of(first), source_of(second)) == ("graph", "new")


def test_training_keeps_the_note_and_a_copy_has_none():
    model = small_model()
    note_source(model, "a.keras")
    kernel = model.get_layer("logits").kernel
    kernel.assign(kernel + 1.0)
    assert source_of(kernel) == "a.keras"
    assert {source_of(v) for v in keras.models.clone_model(model).variables} == {"new"}


def test_notes_keep_no_variable_alive_and_go_with_it():
    gc.collect()
    before = len(provenance._NOTES)
    variable = tf.Variable(1.0)
    note_variable(variable, "a")
    note_variable(variable, "b")
    assert len(provenance._NOTES) == before + 1
    del variable
    gc.collect()
    assert len(provenance._NOTES) == before


@pytest.mark.parametrize(("source", "name"), [
    ("noto_gan_64", "noto_gan_64"), ("a/b/cats.keras", "cats.keras"), (Path("a/cats/12"), "cats/12"), ("cats/", "cats"),
    (" https://tfhub.dev/a/1 ", "https://tfhub.dev/a/1"), ("/3", "3"), ("/", "/"), (".", "."),
])  # fmt: skip
def test_sources_are_called_by_what_tells_them_apart(source, name):
    assert name_of(source) == name
