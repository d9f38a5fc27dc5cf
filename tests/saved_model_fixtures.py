"""Small SavedModels of every kind, and what their makers compute with them; written when they are first used.

Run as a program, it writes those of Keras 2, which need a process of their own, since Keras 3 is loaded in the tests':
`TF_USE_LEGACY_KERAS=1 python saved_model_fixtures.py FOLDER`.
"""

import atexit
import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import tensorflow as tf

SIZE, WIDTH, OUT = 6, 8, 4
HAS_KERAS_2 = importlib.util.find_spec("tf_keras") is not None
STEPS, RATE = 5, 0.05


def latents(count=16, seed=0):
    """float32 `[count, 6]`."""
    return np.random.default_rng(seed).standard_normal((count, SIZE)).astype(np.float32)


def targets(count=16):
    """float32 `[count, 4]`."""
    return np.tanh(latents(count)[:, :OUT] * 2).astype(np.float32)


@functools.cache
def saved(kind):
    """(folder, what the maker computes) of a kind, "keras_2" or one of `MAKERS`; once a session, removed at its end.

    The second one is a dict of arrays for "keras_2", which another process writes, else what the maker returned.
    """
    if kind == "keras_2" and not HAS_KERAS_2:
        import pytest

        pytest.skip("tf_keras is not installed")
    folder = Path(tempfile.mkdtemp(prefix="saved_models_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if kind == "keras_2":
        _run_with_keras_2(folder)
        return folder, dict(np.load(folder / "values.npz"))
    return folder, MAKERS[kind](folder)


def _run_with_keras_2(folder):
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("KERAS_BACKEND", None)
    command = [sys.executable, __file__, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])


def generator(keras, dropout=0.3, frozen=()):
    """The same network in Keras 2 and 3: two convolutions' worth of dense layers with batch norm, dropout and L2."""
    x = inputs = keras.Input((SIZE,), name="z")
    x = keras.layers.Dense(WIDTH, name="conv_1", kernel_regularizer=keras.regularizers.L2(0.01))(x)
    x = keras.layers.BatchNormalization(momentum=0.9, name="norm_1")(x)
    x = keras.layers.ReLU()(x)
    if dropout:
        x = keras.layers.Dropout(dropout)(x)
    x = keras.layers.Dense(WIDTH, name="conv_10", activation="tanh")(x)
    x = keras.layers.Dense(OUT, name="conv_2", kernel_regularizer=keras.regularizers.L2(0.01))(x)
    model = keras.Model(inputs, x)
    for name in frozen:
        model.get_layer(name).trainable = False
    return model


def make_keras_2(folder):
    """`whole` (dropout), `plain` (no dropout), `part` (conv_10 frozen by its author), `many` (dict in and out); values.

    `values.npz`: outputs of `whole`, and the weights of `plain` after training through `hub.KerasLayer`.
    """
    import tensorflow_hub as hub
    import tf_keras

    tf_keras.utils.set_random_seed(0)
    models = {
        "whole": generator(tf_keras),
        "plain": generator(tf_keras, 0),
        "part": generator(tf_keras, 0, ["conv_10"]),
    }
    for model in models.values():
        model(latents(64), training=True)  # statistics other than the first ones
    z, label = tf_keras.Input((SIZE,), name="z"), tf_keras.Input((), dtype="int32", name="label")
    rows = tf_keras.layers.Embedding(5, OUT, name="rows")(label)
    models["many"] = tf_keras.Model(
        {"z": z, "label": label}, {"image": tf_keras.layers.Dense(OUT, name="mix")(z) + rows, "row": rows}
    )
    models["plain"].compile("sgd", "mse")
    models["plain"].fit(latents(), targets(), verbose=0)  # so that its metrics are saved as well
    for name, model in models.items():
        model.save(f"{folder}/{name}", save_format="tf")
    values = {
        "whole": models["whole"](latents()).numpy(),
        "losses": np.array([loss.numpy() for loss in models["whole"].losses]),
        "image": models["many"]({"z": latents(5), "label": np.arange(5)})["image"].numpy(),
    }
    layer = hub.KerasLayer(f"{folder}/plain", trainable=True)
    tuned = tf_keras.Sequential([tf_keras.Input((SIZE,)), layer])
    tuned.compile(tf_keras.optimizers.SGD(RATE, momentum=0.9), "mse")
    tuned.fit(latents(), targets(), batch_size=16, epochs=STEPS, shuffle=False, verbose=0)
    values |= {f"tuned/{variable.name.split(':')[0]}": variable.numpy() for variable in layer.variables}
    np.savez(f"{folder}/values.npz", **values)


def write_references(folder):
    """A SavedModel of TensorFlow 1 whose variable is of the kind that was its default."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        x = v1.placeholder(tf.float32, (None, SIZE), name="x")
        w = v1.get_variable("generator/w", (SIZE, 4), use_resource=False)
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(folder), {"x": x}, {"y": tf.matmul(x, w)})


def make_tf1(folder):
    """`model` with a variable that is trained, a frozen one and a counter; `constant` without any; the outputs."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(0)
        z = v1.placeholder(tf.float32, (None, SIZE), name="z")
        with v1.variable_scope("generator/conv_1"):
            w = v1.get_variable("w", (SIZE, OUT))
            scale = v1.get_variable("scale", (OUT,), trainable=False, initializer=v1.ones_initializer())
        v1.train.get_or_create_global_step()
        image = tf.tanh(tf.matmul(z, w)) * scale
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, f"{folder}/model", {"z": z}, {"image": image})
        values = {"model": session.run(image, {z: latents()})}
    with tf.Graph().as_default(), v1.Session() as session:
        z = v1.placeholder(tf.float32, (None, SIZE), name="z")
        v1.saved_model.simple_save(session, f"{folder}/constant", {"z": z}, {"image": z * 2.0})
    return values


def make_keras_3(folder):
    """`model` by `model.export`, `archive` with a training endpoint, `lists` in and out; returns {name: model}."""
    import keras

    keras.utils.set_random_seed(0)
    models = {name: generator(keras, 0.3) for name in ("model", "archive")}
    z, label = keras.Input((SIZE,), name="z"), keras.Input((), dtype="int32", name="label")
    rows = keras.layers.Embedding(5, OUT, name="rows")(label)
    models["lists"] = keras.Model([z, label], [keras.layers.Dense(OUT, name="mix")(z) + rows, rows])
    for name in ("model", "archive"):
        models[name](latents(64), training=True)
    for name in ("model", "lists"):
        models[name].export(f"{folder}/{name}", verbose=False)
    archive = keras.export.ExportArchive()
    archive.track(models["archive"])
    signature = [tf.TensorSpec((None, SIZE), tf.float32)]
    archive.add_endpoint("serve", lambda x: models["archive"](x, training=False), input_signature=signature)
    archive.add_endpoint("call_training", lambda x: models["archive"](x, training=True), input_signature=signature)
    archive.write_out(f"{folder}/archive", verbose=False)
    return models


class Dense(tf.Module):
    """A layer whose variables have no scope in their names, so that every instance has the same ones."""

    def __init__(self, rows, columns):
        super().__init__()
        self.w = tf.Variable(tf.random.stateless_normal((rows, columns), (rows, columns)) / 3, name="w")
        self.b = tf.Variable(tf.zeros((columns,)), name="b")

    def __call__(self, x):
        return x @ self.w + self.b


class Module(tf.Module):
    """A bare module with `training`, dropout, a statistic with an odd name, a frozen variable and a loss."""

    def __init__(self):
        super().__init__()
        self.layers = [Dense(SIZE, WIDTH), Dense(WIDTH, OUT)]
        self.centre = tf.Variable(tf.fill([WIDTH], 0.1), trainable=False, name="centre")
        self.gain = tf.Variable(tf.ones((OUT,)), trainable=False, name="head/gain")
        self.regularization_losses = [self.weight_loss]

    @tf.function(input_signature=[])
    def weight_loss(self):
        return 0.01 * tf.reduce_sum(self.layers[0].w ** 2)

    @tf.function
    def __call__(self, x, training=False):
        x = self.layers[0](x)
        if training:
            self.centre.assign(0.9 * self.centre + 0.1 * tf.reduce_mean(x, 0))
            x = tf.nn.dropout(x, 0.3)
        return self.layers[1](tf.tanh(x - self.centre)) * self.gain


def make_module(folder):
    """Writes `Module` and returns it."""
    module = Module()
    for training in (False, True):
        module.__call__.get_concrete_function(tf.TensorSpec((None, SIZE), tf.float32), training=training)
    tf.saved_model.save(module, str(folder))
    return module


def make_functions(folder):
    """A module with two functions and two signatures and no default: labelled inputs, integers, no variables in one."""

    class Functions(tf.Module):
        def __init__(self):
            super().__init__()
            self.table = tf.Variable(np.arange(10, dtype=np.float32).reshape(5, 2), name="table")

        @tf.function(
            input_signature=[
                tf.TensorSpec((None,), tf.int32, name="label"),
                tf.TensorSpec((), tf.float32, name="scale"),
            ]
        )
        def pick(self, label, scale):
            return {"row": tf.gather(self.table, label) * scale, "label": label}

        @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.float32, name="x")])
        def double(self, x):
            return {"y": 2.0 * x}

    module = Functions()
    tf.saved_model.save(module, str(folder), {"pick": module.pick, "double": module.double})
    return module


class Renderer(tf.Module):
    """Images of 8 x 8 pixels from latents; a subclass for each way to be called."""

    def __init__(self):
        super().__init__()
        self.mix = tf.Variable(tf.random.stateless_normal((SIZE, 8 * 8 * 3), (1, 2)), name="generator/mix")
        self.table = tf.Variable(tf.random.stateless_normal((7, 8 * 8 * 3), (3, 4)), name="generator/table")

    def render(self, z, classes=0.0, channels=3):
        """float32 `[N, 8, 8, channels]` in [-1, 1]."""
        images = tf.tanh(tf.reshape(z @ self.mix + classes, (-1, 8, 8, 3)))
        return images[..., :channels]


LATENT = tf.TensorSpec((None, SIZE), tf.float32, name="z")


class Plain(Renderer):
    """[-1, 1], its own call."""

    @tf.function(input_signature=[LATENT])
    def __call__(self, z):
        return self.render(z)


class Unit(Renderer):
    """[0, 1], grey, class ids, several outputs in a dict."""

    @tf.function(input_signature=[LATENT, tf.TensorSpec((None,), tf.int32, name="label")])
    def __call__(self, z, label):
        images = self.render(z, tf.gather(self.table, label), 1)
        return {"features": z, "image": (images + 1.0) / 2.0, "small": images[:, ::2, ::2]}


class Bytes(Renderer):
    """uint8, always four at a time."""

    @tf.function(input_signature=[tf.TensorSpec((4, SIZE), tf.float32, name="noise")])
    def serve(self, noise):
        return tf.cast((self.render(noise) + 1.0) * 127.5, tf.uint8)


class OneHot(Renderer):
    """float 0..255, one-hot classes, truncation; with it at 0.5 all is darker."""

    @tf.function(
        input_signature=[
            LATENT,
            tf.TensorSpec((None, 7), tf.float32, name="y"),
            tf.TensorSpec((), tf.float32, name="truncation"),
        ]
    )
    def make(self, z, y, truncation):
        return {"default": (self.render(z, y @ self.table) + 1.0) * 127.5 * truncation}


def make_renderers(folder):
    """`plain`, `unit`, `bytes`, `one_hot` (a signature alone) and `lists` (Keras, inputs in a list); the modules."""
    import keras

    renderers = {"plain": Plain(), "unit": Unit(), "bytes": Bytes(), "one_hot": OneHot()}
    for name, renderer in renderers.items():
        signatures = {"render": renderer.make} if name == "one_hot" else None
        tf.saved_model.save(renderer, f"{folder}/{name}", signatures)
    keras.utils.set_random_seed(0)
    z, label = keras.Input((SIZE,), name="z"), keras.Input((), dtype="int32", name="label")
    x = keras.layers.Dense(48, activation="tanh")(z + keras.layers.Embedding(5, SIZE, name="rows")(label))
    renderers["lists"] = keras.Model([z, label], keras.layers.Reshape((4, 4, 3))(x))
    renderers["lists"].export(f"{folder}/lists", verbose=False)
    return renderers


KINDS = {  # the five origins: (maker, name of its folder and of what it computes)
    "keras_2": ("keras_2", "whole"),
    "keras_3": ("keras_3", "model"),
    "archive": ("keras_3", "archive"),
    "module": ("module", ""),
    "tf1": ("tf1", "model"),
}
WITH_MODE = ("keras_2", "archive", "module")  # those with a training mode


def folder_of(kind):
    """The SavedModel of one of `KINDS`."""
    maker, name = KINDS[kind]
    return saved(maker)[0] / name


def layer_of(kind, **options):
    """A `SavedModelLayer` of one of `KINDS`, named "source"; only one of them has reason to warn."""
    from keras_transfer_gen.transfer.saved_model.layer import SavedModelLayer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if kind == "keras_3" else "error")
        return SavedModelLayer(folder_of(kind), name="source", **options)


def values_of(layer):
    """{original name: array}."""
    return {name: variable.numpy().copy() for name, variable in layer.named_variables.items()}


MAKERS = {
    "tf1": make_tf1,
    "keras_3": make_keras_3,
    "module": make_module,
    "functions": make_functions,
    "renderers": make_renderers,
}

if __name__ == "__main__":
    make_keras_2(sys.argv[1])
