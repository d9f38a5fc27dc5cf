import numpy as np
import pytest
import tensorflow as tf

from keras_transfer_gen.training.code_use import CodesUsed, code_counts, perplexity


def test_counts_are_those_of_numpy():
    tokens = np.random.default_rng(0).integers(0, 7, (3, 4, 4))
    np.testing.assert_array_equal(code_counts(tf.constant(tokens), 9), np.bincount(tokens.ravel(), minlength=9))


def test_perplexity_is_that_of_the_shares():
    assert float(perplexity(tf.constant([[0, 1], [2, 3]]), 10)) == pytest.approx(4)
    assert float(perplexity(tf.constant([5, 5, 5]), 10)) == pytest.approx(1)


def test_codes_of_all_batches_are_counted_once_until_a_reset():
    metric = CodesUsed(10)
    for tokens in ([[0, 3], [3, 3]], [[3, 4], [0, 9]]):
        metric.update_state(tf.constant(tokens))
    assert int(metric.result()) == 4 and metric.name == "codes_used"
    metric.reset_state()
    assert int(metric.result()) == 0
