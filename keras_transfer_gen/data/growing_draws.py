"""Which images a batch has while a large folder is still being listed: a function of the seed and its number alone.

Batch n draws from the first P(n) files, where P grows with n at a fixed pace, so it waits until so many are listed.
Once P(n) is all of them, batches are those of any other stream: permutations, pass after pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from keras_transfer_gen.data.shuffling import random_index, shuffled

if TYPE_CHECKING:
    from keras_transfer_gen.data.folder_index import FolderIndex


FIRST = 50_000  # files that the first batch is drawn from
GROWING = 1 << 40  # stands for the pass, of which there is none yet
GROWTH = 100  # further files for each image shown: a million are in the pool after 10 thousand images


def pool_size(number: int, batch_size: int) -> int:
    """Files that batch `number` is drawn from, where there are so many (int)."""
    return FIRST + GROWTH * number * batch_size


def draw_files(index: FolderIndex, number: int, batch_size: int, seed: int, shuffle: bool = True) -> np.ndarray:
    """The files of a batch.

    Args:
        index: `FolderIndex`, or a sequence with `wait_for`.
        number: of the batch, from 0.
        batch_size: images in it.
        seed: of the order, below 2**31.
        shuffle: whether every pass has another order; False keeps that of the index.

    Returns:
        int64 ndarray `[batch_size]`, numbers of files.
    """
    pool = pool_size(number, batch_size)
    listed = index.wait_for(pool + 1)  # one more: whether these are all
    places = number * batch_size + tf.range(batch_size, dtype=tf.int64)
    with tf.device("CPU:0"):
        if listed > pool:
            count = tf.fill([batch_size], tf.constant(pool, tf.int64))
            drawn = random_index(count, seed, GROWING, places) if shuffle else places % pool
        elif shuffle:
            drawn = shuffled(places % listed, listed, seed, 0, places // listed)
        else:
            drawn = places % listed
    return np.asarray(drawn, np.int64)
