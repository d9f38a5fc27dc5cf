"""Stateless permutations: the place of a number is computed from the seed and the number of the pass alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

ROUNDS = 4  # of the cipher behind the permutation
SORTED_SIZE = 32  # up to here sorting is faster: the cipher permutes thousands of numbers and walks until one fits
GOLDEN, FIRST, SECOND = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64)


def shuffled(index: tf.Tensor, size: int, *words: int | tf.Tensor) -> tf.Tensor:
    """The places that numbers get in a pseudo-random permutation of 0..size-1.

    Args:
        index: int64 `[n]`, each from 0 to `size` less 1.
        size: Python int.
        *words: int64 `[n]` or scalars that choose the permutation, such as a seed and the number of a pass.

    Returns:
        int64 `[n]`; all places are different where the words are the same.

    Example:
        >>> sorted(shuffled(tf.range(5, dtype=tf.int64), 5, 0, 7).numpy().tolist())
        [0, 1, 2, 3, 4]
    """
    if size <= SORTED_SIZE:
        return _sorted_noise(index, size, words)
    keys = tf.stack([tf.broadcast_to(word, tf.shape(index)) for word in _keys(words)], axis=-1)
    most = tf.fill(tf.shape(index), tf.constant(size - 1, tf.int64))
    # The raw op: `tf.random.experimental.index_shuffle` can't take a seed for each number (it pads the wrong axis).
    return tf.raw_ops.RandomIndexShuffle(index=index, seed=keys, max_index=most, rounds=ROUNDS)


def _sorted_noise(index: tf.Tensor, size: int, words: Sequence[int | tf.Tensor]) -> tf.Tensor:
    """`shuffled` by sorting noise, one row for each number."""
    columns = tf.range(size, dtype=tf.int64)
    noise = _hash([*(tf.reshape(tf.cast(word, tf.int64), [-1, 1]) for word in words), columns])
    order = tf.argsort(tf.cast(tf.bitwise.right_shift(noise, tf.constant(1, tf.uint64)), tf.int64), axis=-1)
    order = tf.broadcast_to(order, [tf.size(index), size])
    return tf.cast(tf.gather(order, index, batch_dims=1), tf.int64)


def random_index(count: int | tf.Tensor, *words: int | tf.Tensor) -> tf.Tensor:
    """A number from 0 to `count` less 1 for each set of words, evenly drawn.

    Args:
        count: int64 `[n]`, each at least 1 and far below 2**63.
        *words: int64 `[n]` or scalars, such as a seed, a folder and the number of a pass.

    Returns:
        int64 `[n]`.
    """
    return tf.cast(_hash(words) % tf.cast(count, tf.uint64), tf.int64)


def _keys(words: Sequence[int | tf.Tensor]) -> list[tf.Tensor]:
    """Three keys of 32 well-mixed bits; the op looks at few bits of each, so neighbouring seeds must differ in all."""
    state = _hash(words)
    low, high = state & 0xFFFFFFFF, tf.bitwise.right_shift(state, tf.constant(32, tf.uint64))
    return [tf.cast(key, tf.int64) for key in (low, high, _mix(state) & 0xFFFFFFFF)]


def _hash(words: Sequence[int | tf.Tensor]) -> tf.Tensor:
    state = tf.constant(0, tf.uint64)
    for word in words:
        state = _mix(state ^ tf.cast(word, tf.uint64))
    return state


def _mix(state: tf.Tensor) -> tf.Tensor:
    """The step of SplitMix64, uint64 -> uint64.

    Reference: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
    """

    def fold(value: tf.Tensor, bits: int) -> tf.Tensor:
        return value ^ tf.bitwise.right_shift(value, tf.constant(bits, tf.uint64))

    state = fold(state + GOLDEN, 30) * FIRST
    return fold(fold(state, 27) * SECOND, 31)
