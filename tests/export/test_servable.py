import numpy as np
import tensorflow as tf

from keras_transfer_gen.export.servable import ServedFunction, as_uint8

LATENTS = tf.TensorSpec((None, 2), tf.float32, name="latents")
LABELS = tf.TensorSpec((None,), tf.int32, name="labels")


def shift(latents, labels):
    return {"images": tf.reshape(latents + tf.cast(labels[:, None], tf.float32), (-1, 1, 2, 1))}


SHIFT = ServedFunction(
    shift,
    (LATENTS, LABELS),
    {"latents": np.zeros((4, 2), np.float32), "labels": np.zeros(4, np.int32)},
    {"images": np.zeros((4, 1, 2, 1), np.float32)},
)


def test_traced_function_takes_its_inputs_by_place_and_by_name_and_keeps_them_when_saved(tmp_path):
    module = tf.Module()
    module.serve, module.uint8 = SHIFT.traced(), as_uint8(SHIFT).traced()
    z, labels = tf.zeros((2, 2)), tf.constant([0, 1])
    expected = [[[[0], [0]]], [[[1], [1]]]]
    np.testing.assert_array_equal(module.serve(z, labels)["images"], expected)
    np.testing.assert_array_equal(module.serve(latents=z, labels=labels)["images"], expected)
    tf.saved_model.save(module, str(tmp_path), {"serving_default": module.serve, "uint8": module.uint8})
    loaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_array_equal(loaded.serve(z, labels)["images"], expected)
    np.testing.assert_array_equal(
        loaded.uint8(latents=z, labels=labels)["images"], [[[[128], [128]]], [[[255], [255]]]]
    )
    np.testing.assert_array_equal(loaded.signatures["serving_default"](latents=z, labels=labels)["images"], expected)


def test_batch_can_be_fixed():
    specs = SHIFT.traced(batch_size=3).input_signature
    assert [(tuple(spec.shape), spec.name) for spec in specs] == [((3, 2), "latents"), ((3,), "labels")]


def test_uint8_has_the_same_inputs_and_the_images_as_levels():
    function = as_uint8(SHIFT)
    assert function.inputs is SHIFT.inputs and function.examples is SHIFT.examples
    np.testing.assert_array_equal(function.expected["images"], np.full((4, 1, 2, 1), 128, np.uint8))
