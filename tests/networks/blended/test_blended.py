import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_transfer_gen as ktg
from keras_transfer_gen.export.run_tflite import run_tflite
from keras_transfer_gen.networks.blended.blended import BlendedCodes
from keras_transfer_gen.networks.blended.known import blend_layer
from keras_transfer_gen.networks.class_rows import class_layers, with_classes, without_labels
from tests.blended_fixtures import LATENT_DIM, NAMES, blend_by_numpy, blended_gan, blended_generator

LATENTS = np.random.default_rng(2).normal(size=(7, LATENT_DIM)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2, 0])


@pytest.mark.parametrize(
    "options", [{}, {"neighbours": 2, "sharpness": 1.5, "separation": 0.0}, {"neighbours": 30, "separation": 0.1}]
)
def test_best_images_of_the_class_are_averaged(options):
    blend = blend_layer(blended_generator(**options))
    expected = blend_by_numpy(blend, LATENTS, LABELS)  # of more than the class has, the others count for nothing
    np.testing.assert_allclose(blend([LATENTS, LABELS]), expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 0.1


def test_images_have_the_colour_of_the_class_that_was_asked_for():
    gan = blended_gan()
    for number, name in enumerate(NAMES):
        assert set(gan.generate(20, label=name).mean(axis=(1, 2)).argmax(axis=1)) == {number}
    assert len({image.tobytes() for image in gan.generate(20, label="red")}) > 4


def test_codes_are_trained_and_nothing_else_of_the_layer():
    blend = blend_layer(blended_generator())
    assert [variable.name for variable in blend.trainable_variables] == ["codes"]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(blend([LATENTS, LABELS]))
    gradient = np.asarray(tf.convert_to_tensor(tape.gradient(total, blend.codes.value)))
    assert gradient.sum() == pytest.approx(7 * 64 * 2 * 3, rel=1e-4)  # of each place and level the weights add up to 1


def test_mixed_precision_chooses_the_same_images():
    blend = blend_layer(blended_generator())
    exact = blend([LATENTS, LABELS]).numpy()
    blend.dtype_policy = keras.DTypePolicy("mixed_bfloat16")
    rounded = blend([LATENTS, LABELS])
    assert rounded.dtype == tf.bfloat16 and blend.codes.dtype == "float32"
    np.testing.assert_allclose(tf.cast(rounded, tf.float32), exact, atol=0.02)


def test_classes_are_changed_as_of_other_networks():
    generator = blended_generator()
    assert class_layers(generator) == ["blend"]
    both = without_labels(with_classes(generator, [[0.5, 0.0, 0.5]]))
    images = both(np.random.default_rng(3).normal(size=(40, LATENT_DIM)))
    assert set(np.asarray(images).mean(axis=(1, 2)).argmax(axis=1)) == {0, 2}


def test_saved_gan_gives_the_same_images(tmp_path):
    gan = blended_gan()
    gan.save(tmp_path / "gan.keras")
    again = ktg.load_gan(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(5, seed=3), gan.generate(5, seed=3))
    assert again.generator.get_layer("blend").tokens.dtype == "int16"


def test_tflite_file_gives_the_same_images(tmp_path):
    gan = blended_gan()
    ktg.export_tflite(gan, tmp_path / "gan.tflite")
    images = run_tflite(tmp_path / "gan.tflite", LATENTS[:2], np.array([1, 2]))
    expected = np.asarray(gan.ema_generator({"latents": LATENTS[:2], "labels": np.array([1, 2])}))
    np.testing.assert_allclose(images, expected, atol=1e-3)


def test_one_finer_grid_may_be_given_as_such():
    for fine in ((6, 16, 16, 2), [[6, 16, 16, 2]]):
        layer = BlendedCodes(4, 1, (1, 8, 8), 16, 4, fine=fine, fine_sharpness=3.0)
        assert layer.fine == ((6, 16, 16, 2),)
        assert layer.compute_output_shape([(3, 5), (3,)]) == [(3, 8, 8, 4), (3, 16, 16, 2)]
        again = BlendedCodes.from_config(layer.get_config())
        assert again.fine == layer.fine and again.fine_sharpness == 3.0
    with pytest.raises(ktg.UserError, match="fine"):
        BlendedCodes(4, 1, (1, 8, 8), 16, 4, fine=[(6, 16, 16, 2), (2**15 + 1, 32, 32, 2)])


def test_layer_refuses_numbers_that_it_can_do_nothing_with():
    with pytest.raises(ktg.UserError, match="sharpness"):
        BlendedCodes(4, 1, (1, 8, 8), 16, 4, sharpness=0.0)
    with pytest.raises(ktg.UserError, match="fine_sharpness"):
        BlendedCodes(4, 1, (1, 8, 8), 16, 4, fine_sharpness=-1.0)
    with pytest.raises(ktg.UserError, match="num_codes"):
        BlendedCodes(4, 1, (1, 8, 8), 2**15 + 1, 4)
