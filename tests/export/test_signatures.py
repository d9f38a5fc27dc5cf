import numpy as np
import tensorflow as tf

from keras_transfer_gen.export.signatures import serving_function
from keras_transfer_gen.specs import ModelSpec

PLAIN, CLASSES = ModelSpec(32, 3, latent_dim=2), ModelSpec(32, 3, latent_dim=2, num_classes=4)


def test_function_takes_latents_alone_by_place_and_by_name():
    function = serving_function(lambda inputs: inputs["latents"] * 2, PLAIN)
    z = tf.ones((3, 2))
    np.testing.assert_array_equal(function(z), 2 * np.ones((3, 2)))
    np.testing.assert_array_equal(function(latents=z), 2 * np.ones((3, 2)))


def test_function_takes_labels_where_there_are_classes(tmp_path):
    module = tf.Module()
    module.serve = serving_function(lambda inputs: {"out": inputs["latents"] + 10.0 * tf.cast(
        inputs["labels"][:, None], tf.float32)}, CLASSES)  # fmt: skip
    tf.saved_model.save(module, str(tmp_path), {"serving_default": module.serve})
    loaded = tf.saved_model.load(str(tmp_path))
    z, labels = tf.zeros((2, 2)), tf.constant([0, 3])
    expected = [[0, 0], [30, 30]]
    np.testing.assert_array_equal(loaded.serve(z, labels)["out"], expected)
    np.testing.assert_array_equal(loaded.signatures["serving_default"](latents=z, labels=labels)["out"], expected)


def test_batch_can_be_fixed():
    function = serving_function(lambda inputs: inputs["latents"], CLASSES, batch_size=2)
    assert [tuple(spec.shape) for spec in function.input_signature] == [(2, 2), (2,)]
