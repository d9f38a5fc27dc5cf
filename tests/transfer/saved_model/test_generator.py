import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.recipes.models.load import open_saved_model
from keras_transfer_gen.training.distribution import outside_scope
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.transfer.saved_model.generator import (
    SavedModelGenerator,
    ToModelRange,
    generator_inputs,
    saved_model_layers,
    to_model_range,
)
from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer
from tests.generator_fixtures import CLASSES, LATENTS, folder_of, written

Z = np.random.default_rng(0).standard_normal((7, LATENTS)).astype(np.float32)
Y = np.arange(7) % CLASSES


def opened(kind):
    folder = folder_of(kind)
    return open_saved_model(folder, folder)


def test_generator_with_labels_makes_the_images_of_its_maker():
    generator, spec = opened("labelled")
    images = generator({"latents": Z, "labels": Y})
    expected = written("labelled")[1](Z, np.eye(CLASSES, dtype=np.float32)[Y]) * 2 - 1
    assert generator.name == "generator" and images.dtype == tf.float32 and images.shape == (7, 28, 28, 3)
    np.testing.assert_allclose(images, expected, atol=1e-6)
    assert (spec.image_size, spec.channels, spec.latent_dim, spec.num_classes) == (28, 3, LATENTS, CLASSES)
    assert spec.pixel_range == (-1.0, 1.0)  # that of what the Keras model makes
    assert not np.allclose(generator({"latents": Z, "labels": (Y + 1) % CLASSES}), expected, atol=1e-3)


def test_variables_go_by_their_original_names_and_the_layer_is_a_saved_model_layer():
    generator, _ = opened("labelled")
    (layer,) = saved_model_layers(generator)
    assert isinstance(layer, SavedModelLayer) and isinstance(layer, SavedModelGenerator)
    paths = {path for leaf in leaves(generator) for path in leaf.variable_paths()}
    assert paths == {f"generator/{name}" for name in (
        "mix/w", "mix/table", "norm/gamma", "norm/moving_mean", "filter", "to_image/kernel",
    )}  # fmt: skip
    freeze(generator, [("generator/mix/.*", False)])
    assert [variable.path.rsplit("/", 1)[-1] for variable in generator.trainable_variables] == ["gamma", "kernel"]


def test_training_mode_reaches_the_norm_and_a_frozen_generator_keeps_its_statistics():
    generator, _ = opened("labelled")
    (layer,) = saved_model_layers(generator)
    mean = layer.named_variables["generator/norm/moving_mean"]
    before, inputs = mean.numpy(), {"latents": Z, "labels": Y}
    still = generator(inputs, training=False).numpy()
    assert np.array_equal(mean, before)
    assert not np.allclose(generator(inputs, training=True), still, atol=1e-4) and not np.allclose(mean, before)
    mean.assign(before)
    freeze(generator, {".*": False})
    np.testing.assert_array_equal(generator(inputs, training=True), still)
    assert np.array_equal(mean, before)


@pytest.mark.parametrize("count", [1, 4, 7, 8])
def test_fixed_batch_is_run_part_by_part_with_gradients(count):
    generator, _ = opened("fours")
    z = np.tile(Z, (2, 1))[:count]
    run = tf.function(generator, input_signature=[tf.TensorSpec((None, LATENTS), tf.float32)])
    module = written("fours")[1]
    expected = np.concatenate([module.serve(tf.tile(row[None], (4, 1)))[:1] for row in tf.constant(z)])
    np.testing.assert_allclose(run(z), expected, atol=1e-6)
    np.testing.assert_allclose(generator(z), expected, atol=1e-6)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(run(z))
    (gradient,) = tape.gradient(total, generator.trainable_variables)
    with tf.GradientTape() as tape:
        tape.watch(module.mix)
        total = tf.add_n([tf.reduce_sum(module.serve(tf.tile(row[None], (4, 1)))[:1]) for row in tf.constant(z)])
    np.testing.assert_allclose(gradient, tape.gradient(total, module.mix), rtol=1e-4, atol=1e-3)


def test_saved_and_cloned_generator_makes_the_same(tmp_path):
    generator, _ = opened("labelled")
    inputs = {"latents": Z, "labels": Y}
    generator.weights[0].assign(generator.weights[0] + 1)
    generator.save(tmp_path / "generator.keras")
    loaded = keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(loaded(inputs), generator(inputs))
    clone = keras.models.clone_model(generator)
    assert not np.allclose(clone(inputs), generator(inputs), atol=1e-3)
    clone.set_weights(generator.get_weights())
    np.testing.assert_array_equal(clone(inputs), generator(inputs))


def test_untrainable_one_is_frozen_and_passes_gradients_to_latents():
    generator, _ = opened("constant")
    (layer,) = saved_model_layers(generator)
    assert layer.trainable_kind == "nothing" and not layer.trainable and not generator.variables
    z = tf.constant(Z)
    with tf.GradientTape() as tape:
        tape.watch(z)
        total = tf.reduce_sum(generator(z) ** 2)
    assert np.abs(tape.gradient(total, z)).max() > 0


def test_it_is_opened_in_a_scope_and_runs_outside(two_cpus):
    with two_cpus.scope():
        generator, _ = opened("labelled")
        images = outside_scope(generator, {"latents": Z, "labels": Y})
    np.testing.assert_allclose(images, opened("labelled")[0]({"latents": Z, "labels": Y}), atol=1e-6)


def test_pixel_range_is_converted_and_transparency_is_white():
    images = tf.constant([[[[0.0, 0.5, 1.0, 1.0], [0.0, 0.5, 1.0, 0.0], [1.0, 0.0, 0.0, 0.5]]]])
    made = ToModelRange((0.0, 1.0), alpha=True)(images)
    np.testing.assert_allclose(made, [[[[-1, 0, 1], [1, 1, 1], [1, 0, 0]]]], atol=1e-6)
    symbolic = keras.Input((4, 4, 3))
    assert to_model_range(symbolic, (-1, 1)) is symbolic
    assert to_model_range(symbolic, (0, 255)).shape == (None, 4, 4, 3)
    layer = ToModelRange((0.0, 255.0), alpha=True)
    assert ToModelRange.from_config(layer.get_config()).pixel_range == (0.0, 255.0)
    assert layer.compute_output_shape((None, 4, 4, 4)) == (None, 4, 4, 3)


def test_inputs_are_latents_or_a_dict():
    _, with_labels = opened("labelled")
    _, without = opened("constant")
    assert generator_inputs(without).shape == (None, LATENTS)
    inputs = generator_inputs(with_labels)
    assert set(inputs) == {"latents", "labels"} and inputs["labels"].dtype == "int32"


def test_roles_that_do_not_fit_are_refused():
    layer = SavedModelGenerator(
        folder_of("labelled"), roles={"z": "latents"}, image={"name": "", "size": 28, "channels": 3}
    )
    with pytest.raises(ValueError, match="`roles` must be what the SavedModel's inputs are"):
        layer(Z)
