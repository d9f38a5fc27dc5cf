"""Small generators of others of a size that can be adapted, 28 pixels; written when they are first asked for."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import tensorflow as tf

LATENTS, CLASSES, SIDE = 6, 5, 28


def weights(shape, seed):
    return tf.random.stateless_normal(shape, (seed, 7))


class Labelled(tf.Module):
    """RGB in [0, 1] of latents and one-hot classes, with a norm, a training mode and a filter that its author froze."""

    def __init__(self):
        super().__init__()
        self.mix = tf.Variable(weights((LATENTS, 7 * 7 * 4), 1), name="generator/mix/w")
        self.table = tf.Variable(weights((CLASSES, 7 * 7 * 4), 2), name="generator/mix/table")
        self.gamma = tf.Variable(tf.ones((4,)), name="generator/norm/gamma")
        self.mean = tf.Variable(tf.fill((4,), 0.1), trainable=False, name="generator/norm/moving_mean")
        self.filter = tf.Variable(0.5, trainable=False, name="generator/filter")
        self.colours = tf.Variable(weights((4, 3), 3), name="generator/to_image/kernel")

    @tf.function
    def __call__(self, z, y, training=False):
        x = tf.reshape(z @ self.mix + y @ self.table, (-1, 7, 7, 4))
        mean = self.mean
        if training:
            mean = tf.reduce_mean(x, (0, 1, 2))
            self.mean.assign(0.9 * self.mean + 0.1 * mean)
        x = tf.nn.relu((x - mean) * self.gamma)
        return tf.sigmoid(tf.repeat(tf.repeat(x, 4, 1), 4, 2) @ self.colours * self.filter)


def write_labelled(folder):
    module = Labelled()
    inputs = tf.TensorSpec((None, LATENTS), tf.float32, name="z"), tf.TensorSpec((None, CLASSES), tf.float32, name="y")
    for training in (False, True):
        module.__call__.get_concrete_function(*inputs, training=training)
    tf.saved_model.save(module, str(folder))
    return module


def write_function(folder, function, batch=None, **variables):
    """A module with `serve`, traced for latents alone."""
    module = tf.Module()
    for name, value in variables.items():
        setattr(module, name, tf.Variable(value, name=name))
    signature = [tf.TensorSpec((batch, LATENTS), tf.float32, name="z")]
    module.serve = tf.function(lambda z: function(module, z), input_signature=signature, autograph=False)
    tf.saved_model.save(module, str(folder))
    return module


def render(x):
    """float32 `[N, 28, 28, 3]` in [-1, 1] of `[N, 147]`."""
    return tf.tanh(tf.repeat(tf.repeat(tf.reshape(x, (-1, 7, 7, 3)), 4, 1), 4, 2))


def write_constant(folder):
    """Without variables: nothing in it can be trained."""
    mix = weights((LATENTS, 147), 4)
    return write_function(folder, lambda module, z: render(z @ mix))


def write_plain(folder):
    """With one variable and no training mode."""
    return write_function(folder, lambda m, z: render(z @ m.mix), mix=weights((LATENTS, 147), 4))


def write_whole_numbers(folder):
    """uint8: no gradient passes."""
    mix = weights((LATENTS, 147), 4)
    return write_function(folder, lambda m, z: tf.cast(127.5 * (render(z @ m.mix) + 1), tf.uint8), mix=mix)


def write_fours(folder):
    """Four images at a time."""
    return write_function(folder, lambda m, z: render(z @ m.mix), batch=4, mix=weights((LATENTS, 147), 4))


MAKERS = {
    "labelled": write_labelled,
    "constant": write_constant,
    "plain": write_plain,
    "whole_numbers": write_whole_numbers,
    "fours": write_fours,
}


@functools.cache
def written(kind):
    """(folder, module) of a kind, one of `MAKERS`; once a session, removed at its end. Nothing may write to it."""
    folder = Path(tempfile.mkdtemp(prefix="generators_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / kind, MAKERS[kind](folder / kind)


def folder_of(kind):
    """The folder of one of `MAKERS`."""
    return written(kind)[0]


def keras_generator(sigmoid=False, labels=False):
    """A bare Keras generator: of latents as a map of 1 x 1 pixel and labels in a list, or of latents alone."""
    import keras

    keras.utils.set_random_seed(0)
    z = keras.Input((1, 1, LATENTS) if labels else (LATENTS,), name="z")
    x = keras.layers.Flatten()(z)
    entries = z
    if labels:
        label = keras.Input((), dtype="int32", name="label")
        x = x + keras.layers.Embedding(CLASSES, LATENTS, name="classes")(label)
        entries = [z, label]
    x = keras.layers.Reshape((7, 7, 4))(keras.layers.Dense(196, name="dense")(x))
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Conv2DTranspose(3, 4, 4, name="to_image")(x)
    return keras.Model(entries, keras.layers.Activation("sigmoid" if sigmoid else "tanh", name="last")(4.0 * x))
