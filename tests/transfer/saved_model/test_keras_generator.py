import keras
import numpy as np
import pytest

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.models.load import first_latents, open_keras_model
from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.transfer.saved_model.keras_generator import (
    KerasGenerator,
    measure_keras_model,
    wrap_keras_model,
)
from tests.generator_fixtures import CLASSES, LATENTS, keras_generator

Z = np.random.default_rng(0).standard_normal((5, LATENTS)).astype(np.float32)
Y = np.arange(5) % CLASSES


@pytest.mark.parametrize("sigmoid", [False, True])
def test_generator_of_latents_alone_keeps_its_layers_and_is_brought_to_the_range(sigmoid):
    model = keras_generator(sigmoid)
    generator, spec = open_keras_model(model, "a.keras")
    expected = model(Z) * 2 - 1 if sigmoid else model(Z)
    np.testing.assert_allclose(generator(Z), expected, atol=1e-6)
    assert generator.name == "generator" and [leaf.path for leaf in leaves(generator)] == ["dense", "norm", "to_image"]
    assert (spec.image_size, spec.latent_dim, spec.num_classes, spec.pixel_range) == (28, LATENTS, 0, (-1.0, 1.0))
    assert spec.arch == "keras" and spec.source == "a.keras"


def dcgan(*head):
    """A generator as tutorials write it."""
    layers = keras.layers
    return keras.Sequential([
        *head, layers.Dense(4 * 4 * 8, use_bias=False), layers.BatchNormalization(), layers.LeakyReLU(),
        layers.Reshape((4, 4, 8)), layers.Conv2DTranspose(3, 5, strides=2, padding="same", activation="tanh"),
    ])  # fmt: skip


@pytest.mark.parametrize("how", ["input", "called"])
def test_sequential_generator_keeps_its_layers_and_takes_any_batch(how, tmp_path):
    model = dcgan(keras.Input((LATENTS,))) if how == "input" else dcgan()
    expected = model(Z[:2])  # without an input, the first call sets the batch to 2
    model.save(tmp_path / "a.keras")
    generator, spec = open_keras_model(keras.models.load_model(tmp_path / "a.keras"), "a.keras")
    np.testing.assert_allclose(generator(Z)[:2], expected, atol=1e-6)
    assert generator.output_shape == (None, 8, 8, 3) and spec.latent_dim == LATENTS
    assert [leaf.layer.__class__.__name__ for leaf in leaves(generator)] == [
        "Dense", "BatchNormalization", "Conv2DTranspose",
    ]  # fmt: skip
    assert generator.trainable_variables and "/" not in leaves(generator)[0].path


def test_sequential_generator_of_maps_of_latents_is_saved_and_loaded(tmp_path):
    model = dcgan(keras.Input((1, 1, LATENTS)), keras.layers.Flatten())
    generator, _ = open_keras_model(model, "a.keras")
    np.testing.assert_allclose(generator(Z), model(Z[:, None, None]), atol=1e-6)
    generator.save(tmp_path / "generator.keras")
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "generator.keras")(Z), generator(Z), atol=1e-6)


def test_sequential_model_that_is_not_built_or_no_generator_is_refused():
    with pytest.raises(
        checks.UserError, match=r"It is not built: begin it with keras.Input\(\(latent_dim,\)\), or call"
    ):
        measure_keras_model(dcgan(), "a.keras", first_latents)
    classifier = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(4)])
    with pytest.raises(checks.UserError, match="must be a generator with latents"):
        measure_keras_model(classifier, "a.keras", first_latents)


def test_labels_and_maps_of_latents_are_filled_in(tmp_path):
    model = keras_generator(labels=True)
    generator, spec = open_keras_model(model, "a.keras")
    inputs = {"latents": Z, "labels": Y}
    np.testing.assert_allclose(generator(inputs), model([Z[:, None, None], Y]), atol=1e-6)
    assert spec.num_classes == CLASSES
    generator.save(tmp_path / "generator.keras")
    loaded = keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_allclose(loaded(inputs), generator(inputs), atol=1e-6)
    before = model.get_layer("norm").moving_mean.numpy()
    generator(inputs, training=True)
    assert not np.array_equal(model.get_layer("norm").moving_mean, before)


def test_inputs_in_a_dict_are_told_by_their_keys():
    z, y = keras.Input((LATENTS,), name="noise"), keras.Input((), dtype="int32", name="class")
    x = keras.layers.Dense(48)(z + keras.layers.Embedding(3, LATENTS)(y))
    model = keras.Model({"noise": z, "class": y}, keras.layers.Reshape((4, 4, 3))(keras.ops.tanh(x)))
    measured = measure_keras_model(model, "a", first_latents)
    generator, spec = wrap_keras_model(model, measured)
    labels = Y % 3
    made = generator({"latents": Z, "labels": labels})
    np.testing.assert_allclose(made, model({"noise": Z, "class": labels}), atol=1e-6)
    assert spec.num_classes == 3


def test_layer_is_made_again_from_its_configuration():
    model = keras_generator(labels=True)
    image = {"name": "", "size": 28, "channels": 3}
    layer = KerasGenerator(model, roles=["latents", "class ids"], image=image, classes=CLASSES, name="source")
    again = KerasGenerator.from_config(layer.get_config())
    again.set_weights(layer.get_weights())
    inputs = {"latents": Z, "labels": Y}
    np.testing.assert_allclose(again(inputs), layer(inputs), atol=1e-6)
    assert layer.compute_output_shape({"latents": (None, LATENTS), "labels": (None,)}) == (None, 28, 28, 3)


def test_what_has_no_inputs_is_refused():
    class Own(keras.Model):
        pass

    with pytest.raises(checks.UserError, match="a GAN or a functional or sequential generator.*It holds a Own"):
        measure_keras_model(Own(), "own.keras", first_latents)
