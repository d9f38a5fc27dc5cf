"""Arithmetic in bfloat16 or float16, weights stay float32; whether bfloat16 is faster is measured, not guessed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import FixedDtype, MultiNetwork
from keras_transfer_gen.training.loss_scaling import check_loss_scale

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
PROBED = ("float32", "bfloat16")
PROBE_STEPS = 3


def set_precision(model: keras.Model, precision: str) -> None:
    """Lets the layers of a model compute in a precision, from the next call on; output layers stay in float32.

    A loaded model computes in the precision that it was saved with, whatever the global policy of Keras is: set
    another one with this function. A layer with types of its own (`protocols.FixedDtype`), such as a SavedModel, keeps
    them, and so does a subclassed network.

    Args:
        model: `GAN` or `VAE`, whose networks are changed (the averaged generator always computes in float32), or a
            functional `keras.Model`; weights stay in float32.
        precision: "float32", "bfloat16" or "float16". The last needs optimizers that scale losses: set it before
            `compile`, which then makes them, or give `keras.optimizers.LossScaleOptimizer`s.

    Raises:
        UserError: for another name, and for float16 where an optimizer of a compiled model doesn't scale losses.

    Example:
        >>> inputs = keras.Input((4,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Dense(3, name="inner")(inputs)))
        >>> set_precision(model, "bfloat16")
        >>> model.get_layer("inner").compute_dtype
        'bfloat16'
    """
    step = "Use --precision auto to have it measured."
    policy = PRECISIONS[checks.check_choice("precision", precision, PRECISIONS, step)]
    if precision == "float16" and isinstance(model, MultiNetwork):
        check_loss_scale(model)
    for network in model.roles.values() if isinstance(model, MultiNetwork) else [model]:
        _set_policy(network, policy)


def _set_policy(network: keras.Model, policy: str) -> None:
    last = {output._keras_history.operation.name for output in network.outputs}
    for layer in network.layers:
        if layer.name in last or isinstance(layer, (keras.layers.InputLayer, FixedDtype)):
            continue
        for part in layer._flatten_layers():
            part.dtype_policy = policy


def compute_in_float32(network: keras.Model) -> None:
    """Lets every layer with float32 weights compute in float32, those inside of subclassed models too.

    Args:
        network: `keras.Model`; changed in place.
    """
    for layer in network._flatten_layers():
        if layer.compute_dtype != layer.variable_dtype == "float32" and not isinstance(layer, FixedDtype):
            layer.dtype_policy = "float32"


@contextlib.contextmanager
def saved_precision(networks: list[keras.Model]) -> Iterator[None]:
    """Within the block the networks compute in float32, as they are stored; afterwards they are as before."""
    before = [(part, part.dtype_policy) for network in networks for part in network._flatten_layers()]
    for network in networks:
        set_precision(network, "float32")
    try:
        yield
    finally:
        for part, policy in before:
            part.dtype_policy = policy


def choose_precision(precision: str, network: keras.Model, batch_size: int) -> tuple[str, dict[str, float]]:
    """The precision to train in: the one named, or for "auto" the faster of the two on this machine.

    Args:
        precision: "auto", "float32", "bfloat16" or "float16", which "auto" does not try.
        network: a functional model; a copy of it is timed, forward and backward, unless it has types of its own.
        batch_size: images in a step.

    Returns:
        (precision, seconds): seconds is a dict of the medians of the probe, empty where none was needed.
    """
    if precision == "auto" and any(isinstance(layer, FixedDtype) for layer in network.layers):
        return "float32", {}  # the layer that takes most of the time computes in its own types
    if precision != "auto":
        return checks.check_choice("precision", precision, ["auto", *PRECISIONS]), {}
    seconds = {name: _seconds_a_step(network, name, batch_size) for name in PROBED}
    return min(seconds, key=seconds.get), seconds


def _seconds_a_step(network: keras.Model, precision: str, batch_size: int) -> float:
    copy = keras.models.clone_model(network)
    set_precision(copy, precision)
    inputs = keras.tree.map_structure(lambda t: tf.zeros((batch_size, *t.shape[1:]), t.dtype), network.input)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(copy(inputs, training=True))
        # The sums make the graph compute every gradient.
        return tf.add_n([tf.reduce_sum(part) for part in tape.gradient(total, copy.trainable_variables)])

    step()
    seconds = []
    for _ in range(PROBE_STEPS):
        start = time.perf_counter()
        step().numpy()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))
