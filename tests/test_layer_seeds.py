import threading

import numpy as np
import tensorflow as tf

from keras_transfer_gen.layer_seeds import layer_seed, layers_draw_by

VALUES = tf.constant([[1.0, 2.0], [3.0, 4.0]])


def test_seed_of_the_step_counts_whatever_the_values_are():
    with layers_draw_by(tf.constant([3, 4])):
        seeds = [layer_seed(1, values).numpy().tolist() for values in (VALUES, VALUES + 1.0)]
        with layers_draw_by(tf.constant([3, 5])):
            other = layer_seed(1, VALUES).numpy().tolist()
        again = layer_seed(1, VALUES).numpy().tolist()
    assert seeds[0] == seeds[1] == again != other


def test_layers_have_seeds_of_their_own():
    with layers_draw_by(tf.constant([3, 4])):
        assert not np.array_equal(layer_seed(1, VALUES), layer_seed(2, VALUES))
    assert not np.array_equal(layer_seed(1, VALUES), layer_seed(2, VALUES))


def test_without_a_step_the_seed_follows_from_the_values():
    assert np.array_equal(layer_seed(1, VALUES), layer_seed(1, VALUES))
    assert not np.array_equal(layer_seed(1, VALUES), layer_seed(1, VALUES * 2.0))


def test_other_threads_are_not_concerned():
    alone, seen = layer_seed(1, VALUES).numpy().tolist(), []
    with layers_draw_by(tf.constant([3, 4])):
        thread = threading.Thread(target=lambda: seen.append(layer_seed(1, VALUES).numpy().tolist()))
        thread.start()
        thread.join()
    assert seen == [alone]
