import re

from keras_transfer_gen.recipes.training.rules import EVERYTHING


def test_last_rule_makes_everything_trainable():
    pattern, trainable = EVERYTHING
    assert trainable and re.fullmatch(pattern, "generator/block_4/dense/kernel")
