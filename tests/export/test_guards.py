import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.export.guards import CHECKS, guarded, most_images
from keras_transfer_gen.export.numbered_images import SCALARS
from keras_transfer_gen.export.servable import ServedFunction
from keras_transfer_gen.specs import ModelSpec

SPEC = ModelSpec(image_size=4, channels=3, latent_dim=6, num_classes=3)
LATENTS, LABELS = np.zeros((3, 6), np.float32), np.int32([0, 1, 2])
WRONG_LATENTS = [
    (LATENTS[:, :5], r"latents must have the shape \[N, 6\]\. Received:\] \[3 5\]"),
    (LATENTS[0], r"latents must have the shape \[N, 6\]"),
    (LATENTS[:0], r"latents must have from 1 to 1024 rows.*Received:\] \[0\]"),
    (np.zeros((10_000, 6), np.float32), r"from 1 to 1024 rows; send more in several requests.*\[10000\]"),
    (LATENTS + np.nan, "latents must be finite numbers, without NaN"),
    (LATENTS + np.inf, "latents must be finite numbers, without NaN"),
]
WRONG_LABELS = [
    (np.int32([0, 1, 3]), r"labels must be classes from 0 to 2\. Received:\] \[0 1 3\]"),
    (np.int32([0, -1, 2]), "labels must be classes from 0 to 2"),
    (np.int32([0, 1]), "as many labels as latents are needed"),
    (np.int32([[0], [1], [2]]), r"labels must have the shape \[N\]"),
]
WRONG_IMAGES = [
    (np.zeros((2, 4, 5, 3), np.float32), r"images must have the shape \[N, 4, 4, 3\]"),
    (np.full((2, 4, 4, 3), np.nan, np.float32), "images must be finite numbers from -1"),
    (np.full((2, 4, 4, 3), 255, np.float32), r"finite numbers from -1 \(black\) to 1 \(white\)"),
]
WRONG_SCALARS = [
    ("num", 0, r"num must be from 1 to 1024 images.*Received:\] \[0\]"),
    ("num", 2**31 - 1, "num must be from 1 to 1024 images"),
    ("num", -1, "num must be from 1 to 1024 images"),
    ("seed", -1, r"seed must be a whole number from 0 to 2147483647\. Received:\] \[-1\]"),
    ("truncation", 0.0, r"truncation must be above 0 and at most 1 \(the model\\'s own is 1\)"),
    ("truncation", 1.1, "truncation must be above 0"),
    ("truncation", np.nan, "truncation must be above 0"),
    ("label", 3, "label must be a class from 0 to 2, or -1 for a class drawn"),
    ("label", -2, "label must be a class from 0 to 2"),
]


def as_a_server_calls(names, types, compute):
    """The guarded function with inputs of any shape: TensorFlow Serving compares types alone."""
    function = ServedFunction(compute, tuple(map(tf.TensorSpec, [None] * len(names), types, names)), {}, {})
    served = guarded(function, SPEC)
    return tf.function(served.compute, input_signature=served.inputs, autograph=False)


@pytest.fixture(scope="module")
def serve():
    return as_a_server_calls(("latents", "labels"), (tf.float32, tf.int32), lambda latents, labels: latents + 1)


@pytest.mark.parametrize(("latents", "labels", "text"), [
    *((latents, LABELS, text) for latents, text in WRONG_LATENTS),
    *((LATENTS, labels, text) for labels, text in WRONG_LABELS),
])  # fmt: skip
def test_wrong_latents_and_labels_are_answered_by_a_sentence(serve, latents, labels, text):
    np.testing.assert_array_equal(serve(LATENTS, LABELS), LATENTS + 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"(?s)assertion failed.*{text}"):
        serve(latents, labels)


def test_wrong_images_are_answered_by_a_sentence():
    encode = as_a_server_calls(("images",), (tf.float32,), lambda images: images)
    images = np.full((2, 4, 4, 3), -1.01, np.float32)  # a network without a last activation may give this
    np.testing.assert_array_equal(encode(images), images)
    for wrong, text in WRONG_IMAGES:
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"(?s)assertion failed.*{text}"):
            encode(wrong)


@pytest.mark.parametrize("name", SCALARS)
def test_wrong_numbers_are_answered_by_a_sentence(name):
    function = as_a_server_calls((name,), (SCALARS[name],), lambda value: value)
    assert function(tf.constant(1, SCALARS[name])) == 1
    for value, text in [row[1:] for row in WRONG_SCALARS if row[0] == name]:
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"(?s)assertion failed.*{text}"):
            function(tf.constant(value, SCALARS[name]))


def test_every_input_has_its_checks_and_larger_images_are_fewer():
    assert set(CHECKS) == {"latents", "images", "labels", "tokens", "w", *SCALARS}
    assert [most_images(ModelSpec(size, 3, 8)) for size in (32, 128, 1024)] == [1024, 256, 16]
