"""How much of a drawn grid of tokens is copied from a training image: the longest run of equal tokens."""

from __future__ import annotations

import numpy as np

ROWS = 16  # grids that are compared at once, for the sake of memory


def longest_runs(tokens: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The longest run of tokens, in reading order, that a grid has in common with any of the known ones.

    A run counts where it stands at the same position in both: a grid that equals a known one has a run of all
    positions.

    Args:
        tokens: int `[n, rows, columns]`.
        known: int `[m, rows, columns]`.

    Returns:
        int64 ndarray `[n]`, from 0 to rows * columns.

    Example:
        >>> longest_runs(np.array([[[1, 2], [3, 4]]]), np.array([[[9, 2], [3, 8]], [[1, 7], [7, 4]]])).tolist()
        [2]
    """
    flat, others = tokens.reshape(len(tokens), -1), known.reshape(len(known), -1)
    longest = np.zeros(len(flat), np.int64)
    for first in range(0, len(flat), ROWS):
        equal = flat[first : first + ROWS, None] == others[None]
        run = best = np.zeros(equal.shape[:2], np.int64)
        for position in range(flat.shape[1]):
            run = np.where(equal[:, :, position], run + 1, 0)
            best = np.maximum(best, run)
        longest[first : first + ROWS] = best.max(axis=1, initial=0)
    return longest
