"""What layers draw while a step is traced, such as noise maps: the same on every replica, and new in every step."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import tensorflow as tf

_STATE = threading.local()  # each replica of a strategy traces its step in a thread of its own


@contextlib.contextmanager
def layers_draw_by(seed: tf.Tensor) -> Iterator[None]:
    """Within it, `layer_seed` follows from a seed that is the same on every replica.

    Args:
        seed: int `[2]`.
    """
    before = getattr(_STATE, "seed", None)
    _STATE.seed = seed
    try:
        yield
    finally:
        _STATE.seed = before


def layer_seed(number: int, values: tf.Tensor) -> tf.Tensor:
    """The seed of one layer's draws: int32 `[2]`.

    Draw with it for all replicas, and take `replicas.own_rows`.

    Args:
        number: of the layer; layers with different ones draw different numbers.
        values: float32 `[batch, ...]`, what the layer is given. Outside of `layers_draw_by` the seed follows from the
            bits of the first and the last number.

    Example:
        >>> with layers_draw_by(tf.constant([0, 1])):
        ...     a, b = (layer_seed(5, tf.constant([x])) for x in (1.0, 2.0))
        >>> bool(tf.reduce_all(a == b))
        True
    """
    seed = getattr(_STATE, "seed", None)
    if seed is None:
        numbers = tf.reshape(values, (-1,))
        seed = tf.bitcast(tf.stack([numbers[0], numbers[-1]]), tf.int32)
    return tf.random.experimental.stateless_fold_in(seed, number)
