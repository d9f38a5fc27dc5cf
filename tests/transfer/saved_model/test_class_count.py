import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.transfer.saved_model.class_count import count_classes
from keras_transfer_gen.transfer.saved_model.measure import measure_generator
from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides
from tests.transfer.saved_model.measuring import Z, draw, measured


@pytest.mark.parametrize("count", [1, 2, 10, 1000])
def test_classes_of_a_silent_one_hot_are_counted(module, count):
    def image(z, label):
        number = tf.cast(tf.argmax(tf.one_hot(label, count), 1), tf.float32)
        known = tf.reduce_max(tf.one_hot(label, count), 1)
        return (
            tf.tanh(tf.reshape(z[:, :3], (-1, 1, 1, 3))) * 0.9 + tf.reshape(known * (number + 1), (-1, 1, 1, 1)) * 1e-4
        )

    found = measure_generator(module(image, Z, tf.TensorSpec((None,), tf.int64)), "a", draw)
    assert found.spec.num_classes == count


def test_classes_of_float_labels_are_counted_where_they_are_looked_up(module):
    table = tf.random.stateless_normal((9, 3), (1, 2))

    def image(z, label):
        return tf.tanh(tf.reshape(z[:, :3] + tf.gather(table, tf.cast(label, tf.int32)), (-1, 1, 1, 3)))

    found = measure_generator(module(image, Z, tf.TensorSpec((None,), name="label")), "table", draw)
    assert found.spec.num_classes == 9 and "8 is the last" in found.reasons["num_classes"]


@pytest.mark.parametrize(("name", "labels", "expected"), [
    ("plain", None, (0, "no input for labels")),
    ("one_hot", None, (7, "input 'y', one-hot")),
    ("unit", 5, (5, "input 'label', integers")),
    ("unit", None, (7, "input 'label', integers: 6 is the last that makes a difference")),
])  # fmt: skip
def test_number_of_classes_is_read_or_searched_or_stated(name, labels, expected):
    function, _ = measured(name)
    assert count_classes(function, draw(1, 6), SpecOverrides(labels=labels)) == expected


def test_number_that_the_graph_refuses_is_refused():
    with pytest.raises(checks.UserError, match="`labels` must be a number of classes that the input 'label' takes"):
        count_classes(measured("unit")[0], draw(1, 6), SpecOverrides(labels=2**31))
