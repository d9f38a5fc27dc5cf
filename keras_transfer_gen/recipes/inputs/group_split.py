"""Splits images into those to train on and those to score against; a group of images stays on one side."""

from __future__ import annotations

import numpy as np


def split_groups(groups: np.ndarray, classes: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    """Which images are put aside for the reference: about a share of each class, whole groups at a time.

    Args:
        groups: int `[N]`, number of each image's group, from 0 on without gaps.
        classes: int `[N]`, number of each image's class; all 0 where there are none.
        share: of the images of each class, in [0, 1).
        seed: of the choice.

    Returns:
        bool `[N]`, True for the reference. No class loses all of its images; a group larger than the share of its
        class is never chosen.

    Example:
        >>> split_groups(np.array([0, 0, 1, 1, 2, 3]), np.zeros(6, int), 0.34).sum()
        2
    """
    groups, classes = np.asarray(groups), np.asarray(classes)
    counts = np.bincount(classes)
    wanted = np.minimum(np.round(share * counts), np.maximum(counts - 1, 0)).astype(int)
    chosen, taken = np.zeros(len(groups), bool), np.zeros_like(wanted)
    for group in np.random.default_rng(seed).permutation(groups.max() + 1 if len(groups) else 0):
        members = groups == group
        more = taken + np.bincount(classes[members], minlength=len(counts))
        if (more <= wanted).all():
            chosen |= members
            taken = more
    return chosen
