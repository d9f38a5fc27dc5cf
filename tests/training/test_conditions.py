import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.training.conditions import check_labels, of_labels

IMAGES, LABELS = np.zeros((4, 8, 8, 3), np.uint8), np.int64([0, 1, 2, 3])


def dataset(*parts):
    return tf.data.Dataset.from_tensor_slices(parts if len(parts) > 1 else parts[0]).batch(2)


def test_labels_are_int32_by_name():
    assert of_labels(None) == {}
    named = of_labels(tf.constant(LABELS))
    assert (
        list(named) == ["labels"]
        and named["labels"].dtype == tf.int32
        and named["labels"].numpy().tolist() == [0, 1, 2, 3]
    )
    several = of_labels({"labels": tf.constant(LABELS), "angle": tf.constant([0.5, 1.5, 2.5, 3.5])})
    assert several["labels"].dtype == tf.int32 and several["angle"].dtype == tf.float32


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (dataset(IMAGES, LABELS), None),
        (dataset(IMAGES, {"labels": LABELS, "style": LABELS}), None),
        (IMAGES, LABELS),
        ((batch for batch in ()), None),  # a generator can't be looked into
    ],
)
def test_data_with_labels_pass(x, y):
    assert check_labels(x, y, ("labels",)) is None and check_labels(IMAGES, None, ()) is None


@pytest.mark.parametrize(("x", "needed"), [
    (dataset(IMAGES), ("labels",)), (IMAGES, ("labels",)), (dataset(IMAGES, LABELS), ("labels", "style")),
])  # fmt: skip
def test_data_without_labels_are_refused_in_one_line(x, needed):
    words = "labels" if needed == ("labels",) else "a dict with style"
    with pytest.raises(checks.UserError, match=rf"`x` must be images with {words}\..*data set of \(images, labels\)"):
        check_labels(x, None, needed)
