import keras
import numpy as np

from keras_transfer_gen.networks.tokens.changing import with_class_rows
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
