import numpy as np
import tensorflow as tf

from keras_transfer_gen.data import growing_draws
from keras_transfer_gen.data.growing_draws import draw_files, pool_size
from keras_transfer_gen.data.shuffling import shuffled


class Listed:
    """So many files are listed, the rest comes later; what was waited for is kept."""

    def __init__(self, total):
        self.total, self.waited = total, []

    def wait_for(self, count):
        self.waited.append(count)
        return self.total if count is None else min(count, self.total)


def test_small_folder_has_the_order_of_every_stream():
    places = tf.range(8, 16, dtype=tf.int64)
    expected = shuffled(places % 10, 10, 5, 0, places // 10).numpy()
    assert draw_files(Listed(10), 1, 8, 5).tolist() == expected.tolist()
    assert draw_files(Listed(10), 1, 8, 5, shuffle=False).tolist() == (places.numpy() % 10).tolist()


def test_early_batches_wait_for_their_pool_alone_and_late_ones_for_all(monkeypatch):
    monkeypatch.setattr(growing_draws, "FIRST", 20)
    monkeypatch.setattr(growing_draws, "GROWTH", 2)
    index, total = Listed(100), 0
    for number in range(10):
        drawn = draw_files(index, number, 8, 0)
        pool = min(pool_size(number, 8), 100)
        assert drawn.dtype == np.int64 and 0 <= drawn.min() and drawn.max() < pool
        assert index.waited[-1] == pool_size(number, 8) + 1
        total += len(set(drawn.tolist()))
    assert total > 60  # not the same few
    assert draw_files(Listed(100), 9, 8, 0).tolist() == draw_files(Listed(100), 9, 8, 0).tolist()
    assert draw_files(Listed(100), 3, 8, 0).tolist() == draw_files(Listed(99), 3, 8, 0).tolist()  # the rest is unknown
    assert draw_files(Listed(100), 3, 8, 0).tolist() != draw_files(Listed(100), 3, 8, 1).tolist()
    assert draw_files(Listed(100), 1, 4, 0, shuffle=False).tolist() == [4, 5, 6, 7]
