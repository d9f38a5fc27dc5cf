import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.networks.latents.insertion import insert_after_latents, latents_of

Z, Y = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32), np.array([0, 1, 2])


def with_labels():
    inputs = {"latents": keras.Input((4,), name="latents"), "labels": keras.Input((), dtype="int32", name="labels")}
    x = inputs["latents"] + keras.layers.Embedding(3, 4, name="classes")(inputs["labels"])
    x = keras.layers.Concatenate(name="both")([keras.layers.Dense(5, name="render")(x), inputs["latents"]])
    return keras.Model(inputs, x, name="generator")


def doubling():
    return keras.layers.Rescaling(2.0, name="front")


def test_every_use_of_the_latents_goes_through_the_layer_and_labels_do_not():
    generator = with_labels()
    copy = insert_after_latents(generator, doubling())
    made, expected = copy({"latents": Z, "labels": Y}), generator({"latents": 2 * Z, "labels": Y})
    np.testing.assert_allclose(made, expected, atol=1e-6)
    assert copy.name == "generator"
    assert {layer.name for layer in copy.layers} - {layer.name for layer in generator.layers} == {"front"}
    copy.get_layer("render").kernel.assign(0 * copy.get_layer("render").kernel)
    assert np.abs(generator.get_layer("render").kernel).max() > 0  # the copy has weights of its own


def test_layer_of_the_same_name_is_refused():
    with pytest.raises(checks.UserError, match="`generator` must be one without a layer named render"):
        insert_after_latents(with_labels(), keras.layers.Dense(4, name="render"))


def test_latents_are_found_by_name_and_refused_where_they_are_not():
    generator = with_labels()
    assert latents_of(generator).name == "latents"
    first, second = keras.Input((4,)), keras.Input((4,))
    with pytest.raises(checks.UserError, match='a model of latents, or of a dict with "latents"'):
        latents_of(keras.Model([first, second], first + second))
