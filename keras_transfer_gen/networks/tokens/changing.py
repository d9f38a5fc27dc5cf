"""A transformer over tokens with other classes that starts from another one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_transfer_gen.networks.tokens.transformer import TokenTransformer


def with_class_rows(
    network: TokenTransformer, rows: Sequence[int], dropout: float | None = None
) -> TokenTransformer:  # fmt: skip
    """A copy of a network with other classes.

    Args:
        network: `TokenTransformer`.
        rows: for each new class the number of the old one that it starts from, and last that of "no class"; the old
            "no class" is number `network.num_classes`.
        dropout: of the copy, in [0, 1); None keeps that of the network.

    Returns:
        `TokenTransformer` with `len(rows) - 1` classes and its own weights.

    Example:
        >>> old = TokenTransformer((2, 2), num_codes=16, num_classes=3, width=12, depth=1, heads=2)
        >>> with_class_rows(old, [2]).num_classes
        0
    """
    config = {**network.get_config(), "num_classes": len(rows) - 1}
    copy = TokenTransformer.from_config(config if dropout is None else {**config, "dropout": dropout})
    for old, new in zip(network.weights, copy.weights, strict=True):
        value = np.asarray(old)
        is_of_classes = old is network.get_layer("embedding").classes
        new.assign(value[list(rows)] if is_of_classes else value)
    return copy
