import keras
import numpy as np

from keras_transfer_gen.networks.tokens.changing import with_class_rows, with_more_levels
from keras_transfer_gen.networks.tokens.transformer import TokenTransformer


def test_each_new_class_computes_as_the_old_one_that_it_starts_from():
    keras.utils.set_random_seed(0)
    old = TokenTransformer((2, 2), num_codes=8, num_classes=3, width=12, depth=1, heads=2)
    new = with_class_rows(old, [2, 0, 3])
    assert new.num_classes == 2
    tokens = np.int32([[1, 2, 3, 4]] * 3)
    logits = [
        network({"tokens": tokens, "labels": np.int32(rows)}) for network, rows in ((new, [0, 1, 2]), (old, [2, 0, 3]))
    ]
    np.testing.assert_array_equal(*logits)
    new.weights[0].assign(new.weights[0] + 1.0)
    assert not np.array_equal(new.weights[0], old.weights[0])


def test_further_levels_leave_the_first_one_as_it_was():
    keras.utils.set_random_seed(0)
    old = TokenTransformer((2, 2), num_codes=8, num_classes=3, width=12, depth=1, heads=2)
    old.get_layer("embedding").rows.assign_add(np.ones((2, 12)))
    new = with_more_levels(old, (6, 2), 24)
    tokens = np.random.default_rng(0).integers(0, 8, (3, 12))
    first = old({"tokens": tokens[:, :4], "labels": np.int32([0, 1, 3])})
    every = new({"tokens": tokens, "labels": np.int32([0, 1, 3])})
    assert every.shape == (3, 12, 24)
    np.testing.assert_allclose(every[:, :4, :8], first, atol=1e-6)
