import numpy as np
import tensorflow as tf

from keras_transfer_gen.training.ada_colour import change_colors, color_maps
from keras_transfer_gen.training.ada_draws import neutral_amounts

X = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32)


def changed(images=X, **amounts):
    values = {name: tf.fill((len(images),), value) for name, value in amounts.items()}
    return change_colors(tf.constant(images), color_maps({**neutral_amounts(len(images)), **values})).numpy()


def test_neutral_amounts_change_nothing():
    np.testing.assert_allclose(changed(), X, atol=1e-6)


def test_each_change_equals_its_formula():
    grey = X.mean(-1, keepdims=True)
    np.testing.assert_allclose(changed(brightness=0.3), X + 0.3, atol=1e-6)
    np.testing.assert_allclose(changed(contrast=1.5), X * 1.5, atol=1e-6)
    np.testing.assert_allclose(changed(luma_flip=1.0), X - 2 * grey, atol=1e-6)
    np.testing.assert_allclose(changed(saturation=0.0), np.repeat(grey, 3, -1), atol=1e-6)
    np.testing.assert_allclose(changed(saturation=2.0), grey + 2 * (X - grey), atol=1e-6)


def test_hue_by_a_third_of_a_turn_moves_the_channels_on():
    np.testing.assert_allclose(changed(hue=2 * np.pi / 3), X[..., [2, 0, 1]], atol=1e-6)


def test_changes_follow_each_other_in_order():
    np.testing.assert_allclose(changed(brightness=0.3, contrast=2.0), 2 * (X + 0.3), atol=1e-6)


def test_grey_images_take_the_mean_row_and_alpha_stays():
    grey = X[..., :1]
    np.testing.assert_allclose(changed(grey, brightness=0.3, contrast=2.0), 2 * (grey + 0.3), atol=1e-6)
    np.testing.assert_allclose(changed(grey, luma_flip=1.0), -grey, atol=1e-6)
    with_alpha = np.concatenate([X, grey], -1)
    result = changed(with_alpha, brightness=0.3)
    np.testing.assert_array_equal(result[..., 3:], grey)
    np.testing.assert_allclose(result[..., :3], X + 0.3, atol=1e-6)
