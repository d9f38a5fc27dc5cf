from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.data import shuffling
from keras_transfer_gen.data.shuffling import random_index, shuffled


def order(size, *words):
    return shuffled(tf.range(size, dtype=tf.int64), size, *words).numpy().tolist()


def splitmix(state):
    """SplitMix64 in Python integers."""
    mask = 2**64 - 1
    state = (state + 0x9E3779B97F4A7C15) & mask
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
    return state ^ (state >> 31)


def test_mix_equals_splitmix64():
    values = [0, 1, 2**32 + 5, 2**64 - 1]
    assert shuffling._mix(tf.constant(values, tf.uint64)).numpy().tolist() == [splitmix(value) for value in values]
    assert splitmix(0) == 0xE220A8397B1DCDAF  # the first number of the published generator with seed 0


@pytest.mark.parametrize("size", [1, 2, 3, 7, 32, 33, 100, 70_000])
def test_shuffled_is_a_permutation_that_depends_on_every_word(size):
    orders = [order(size, *words) for words in ((0, 0), (1, 0), (0, 1), (0, 256), (2**31 - 1, 2**40))]
    assert all(sorted(each) == list(range(size)) for each in orders)
    if size > 30:
        assert len({tuple(each) for each in orders}) == 5
    assert order(size, 0, 0) == orders[0]


@pytest.mark.parametrize("size", [5, 100])
def test_shuffled_takes_words_for_each_number(size):
    index = np.array([0, 1, 4, 4, 0])
    passes = np.array([3, 3, 3, 4, 2**33])
    places = shuffled(tf.constant(index), size, 9, tf.constant(passes)).numpy()
    assert places.tolist() == [order(size, 9, number)[position] for position, number in zip(index, passes, strict=True)]


@pytest.mark.parametrize("size", [4, 50])
def test_shuffled_is_even_over_passes(size):
    passes = tf.range(4000, dtype=tf.int64)
    first = shuffled(tf.zeros(4000, tf.int64), size, 3, passes).numpy()
    counts = np.bincount(first, minlength=size)
    expected = 4000 / size
    assert ((counts - expected) ** 2 / expected).sum() < size - 1 + 5 * np.sqrt(2 * (size - 1))  # chi-square
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.08


def test_shuffled_does_not_repeat_after_256_passes():
    passes = tf.range(512, dtype=tf.int64)
    ours = shuffled(tf.zeros(512, tf.int64), 100, 0, passes).numpy()
    assert (ours[:256] != ours[256:]).any()
    # The plain op with the pass as its seed does: it looks at 8 bits.
    seed = tf.stack([tf.zeros_like(passes), passes, tf.zeros_like(passes)], -1)
    most = tf.fill([512], tf.constant(99, tf.int64))
    plain = tf.raw_ops.RandomIndexShuffle(index=tf.zeros(512, tf.int64), seed=seed, max_index=most, rounds=4).numpy()
    assert (plain[:256] == plain[256:]).all()


def test_shuffled_of_few_reaches_every_permutation():
    index, passes = np.tile(np.arange(3), 600), np.repeat(np.arange(600), 3)
    orders = shuffled(tf.constant(index), 3, 0, tf.constant(passes)).numpy().reshape(600, 3)
    counts = Counter(map(tuple, orders.tolist()))
    assert len(counts) == 6 and min(counts.values()) > 60


def test_random_index_is_even_and_stays_below_its_count():
    count = tf.constant([1, 2, 7] * 2000, tf.int64)
    drawn = random_index(count, 5, tf.range(6000, dtype=tf.int64)).numpy().reshape(2000, 3)
    assert (drawn[:, 0] == 0).all() and drawn[:, 1].max() == 1 and drawn[:, 2].max() == 6
    assert abs(drawn[:, 1].mean() - 0.5) < 0.05 and np.bincount(drawn[:, 2]).min() > 220
