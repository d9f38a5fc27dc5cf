"""A transformer over tokens with other classes, or with further levels of tokens, that starts from another one."""

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


def with_more_levels(network: TokenTransformer, grid: tuple[int, int], num_codes: int) -> TokenTransformer:
    """A copy of a network over the first levels of a `ResidualQuantizer` that reads its further levels as well.

    Over the first levels it gives the old log-odds for the old codes: a prior may learn coarse tokens alone first, in a
    fraction of the time.

    Args:
        network: `TokenTransformer` over the upper rows of the grid and the first of the codes.
        grid: (rows, columns) of all tokens; as many columns as before.
        num_codes: how many different tokens there are in all.

    Returns:
        `TokenTransformer` with its own weights; those of new rows and new codes are drawn anew.

    Example:
        >>> old = TokenTransformer((2, 2), num_codes=16, width=12, depth=1, heads=2)
        >>> with_more_levels(old, (4, 2), 32).grid
        (4, 2)
    """
    copy = TokenTransformer.from_config({**network.get_config(), "grid": list(grid), "num_codes": num_codes})
    for old, new in zip(network.weights, copy.weights, strict=True):
        value, known = np.asarray(new).copy(), np.asarray(old)
        value[tuple(map(slice, known.shape))] = known
        new.assign(value)
    return copy
