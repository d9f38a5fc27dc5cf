"""What tests of measuring share: latents to measure with, and the measured SavedModels of the fixtures."""

import functools

import numpy as np
import tensorflow as tf

from keras_transfer_gen.transfer.saved_model.measure import measure_generator
from tests.saved_model_fixtures import SIZE, saved

Z = tf.TensorSpec((None, SIZE), tf.float32, name="z")


def draw(count, size):
    """float32 `[count, size]` from N(0, 1), always the same."""
    return np.random.default_rng(0).standard_normal((count, size)).astype(np.float32)


@functools.cache
def measured(name):
    """(`MeasuredFunction` of one of the renderers, the renderer itself); measured once."""
    folder, renderers = saved("renderers")
    return measure_generator(tf.saved_model.load(f"{folder}/{name}"), name, draw), renderers[name]
