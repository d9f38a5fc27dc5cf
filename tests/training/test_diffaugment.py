import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.training import diffaugment
from keras_transfer_gen.training.diffaugment import DiffAugment

X = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 3)).astype(np.float32)
SEED = tf.constant([3, 4])


def uniform(seed, low, high):
    return tf.random.stateless_uniform((8, 1, 1, 1), seed, low, high).numpy()


def test_color_equals_numpy_in_its_order():
    seeds = tf.random.split(SEED, 3)
    x = X + uniform(seeds[0], -0.5, 0.5)
    grey = x.mean(3, keepdims=True)
    x = (x - grey) * uniform(seeds[1], 0, 2) + grey
    mean = x.mean((1, 2, 3), keepdims=True)
    x = (x - mean) * uniform(seeds[2], 0.5, 1.5) + mean
    np.testing.assert_allclose(diffaugment.color(X, SEED), x, atol=1e-5)


def test_color_leaves_a_grey_image_grey():
    grey = np.repeat(X[..., :1], 3, axis=3)
    augmented = diffaugment.color(grey, SEED).numpy()
    np.testing.assert_allclose(augmented[..., 0], augmented[..., 2], atol=1e-5)


def test_translation_shifts_whole_pixels_and_fills_with_zero():
    augmented = diffaugment.translation(X, SEED).numpy()
    seen = set()
    for image, moved in zip(X, augmented, strict=True):
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
        fits = [(y, x) for y in range(5) for x in range(5) if np.array_equal(padded[y : y + 16, x : x + 16], moved)]
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) > 3


def test_translation_reaches_both_ends():
    wide = np.tile(X, (40, 1, 1, 1))
    augmented = diffaugment.translation(wide, SEED).numpy()
    empty_rows = {
        (int((image[:, 8] == 0).all(-1)[:2].sum()), int((image[:, 8] == 0).all(-1)[-2:].sum())) for image in augmented
    }
    assert {(2, 0), (0, 2), (0, 0)} <= empty_rows


def test_cutout_clears_one_square_that_the_border_may_cut():
    augmented = diffaugment.cutout(np.ones((200, 16, 16, 1), np.float32), SEED).numpy()[..., 0]
    holes = 1 - augmented
    rows, columns = holes.max(2).sum(1), holes.max(1).sum(1)
    np.testing.assert_array_equal(holes.sum((1, 2)), rows * columns)  # a rectangle
    assert rows.max() == 8 and rows.min() < 8  # half the side, less where the border cuts it


def test_gradients_pass_through():
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(DiffAugment("color,translation,cutout")(x, seed=SEED))
    assert float(tf.reduce_sum(tf.abs(tape.gradient(total, x)))) > 0


def test_same_seed_gives_the_same_and_another_another():
    augment = DiffAugment()
    assert np.array_equal(augment(X, seed=SEED), augment(X, seed=SEED))
    assert not np.array_equal(augment(X, seed=SEED), augment(X, seed=SEED + 1))
    np.testing.assert_allclose(tf.function(augment)(X, seed=SEED), augment(X, seed=SEED), atol=1e-5)


def test_policy_is_checked_and_round_trips():
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(DiffAugment("cutout")))
    assert copy.policy == "cutout"
    with pytest.raises(checks.UserError, match="`policy` must be one of 'color', 'translation', 'cutout'"):
        DiffAugment("colour")
