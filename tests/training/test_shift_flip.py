import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks, tables
from keras_transfer_gen.protocols import Augment
from keras_transfer_gen.training.shift_flip import ShiftFlip

IMAGES = np.random.default_rng(0).uniform(-1, 1, (40, 16, 16, 3)).astype("float32")


def shifted(image, row, column):
    padded = np.pad(image, ((4, 4), (4, 4), (0, 0)), mode="edge")
    return padded[4 + row : 20 + row, 4 + column : 20 + column]


def test_each_image_is_a_shift_of_itself_or_of_its_mirror_image():
    results = ShiftFlip(ratio=0.125)(tf.constant(IMAGES), tf.constant([0, 1])).numpy()
    shifts, mirrored = set(), 0
    for image, result in zip(IMAGES, results, strict=True):
        matches = [
            (flip, row, column)
            for flip in (0, 1)
            for row in range(-2, 3)
            for column in range(-2, 3)
            if np.array_equal(shifted(image[:, ::-1] if flip else image, row, column), result)
        ]
        assert len(matches) == 1
        mirrored += matches[0][0]
        shifts.add(matches[0][1:])
    assert 10 < mirrored < 30
    assert len(shifts) > 12


def test_the_seed_alone_decides():
    augment = ShiftFlip()
    first, again, other = (augment(tf.constant(IMAGES), tf.constant([0, n])) for n in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_nothing_may_be_asked_of_it():
    np.testing.assert_array_equal(ShiftFlip(0, 0)(tf.constant(IMAGES), tf.constant([0, 1])), IMAGES)


def test_it_has_a_name_and_survives_its_config():
    augment = tables.resolve("augment", "shift_flip:ratio=0.25", tables.AUGMENTS, Augment)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(augment))
    assert (again.ratio, again.flip) == (0.25, 0.5)
    with pytest.raises(checks.UserError, match="at most 0.5"):
        ShiftFlip(ratio=0.6)
