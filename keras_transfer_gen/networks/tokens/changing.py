"""A transformer over tokens with other classes, each of which starts from one of the old ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_transfer_gen.networks.tokens.transformer import TokenTransformer


def with_class_rows(network: TokenTransformer, rows: Sequence[int]) -> TokenTransformer:
    """A copy of a network with other classes.

    Args:
        network: `TokenTransformer`.
        rows: for each new class the number of the old one that it starts from, and last that of "no class"; the old
            "no class" is number `network.num_classes`.

    Returns:
        `TokenTransformer` with `len(rows) - 1` classes and its own weights.

    Example:
        >>> old = TokenTransformer((2, 2), num_codes=16, num_classes=3, width=12, depth=1, heads=2)
        >>> with_class_rows(old, [2]).num_classes
        0
    """
    copy = TokenTransformer.from_config({**network.get_config(), "num_classes": len(rows) - 1})
    for old, new in zip(network.weights, copy.weights, strict=True):
        value = np.asarray(old)
        is_of_classes = old is network.get_layer("embedding").classes
        new.assign(value[list(rows)] if is_of_classes else value)
    return copy
