"""Names of images -> groups (one for each folder) and classes (one for each folder of the first level)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np


def group_by_folder(names: list[str]) -> tuple[np.ndarray, np.ndarray | None, list[str]]:
    """Groups and classes of images by the folders that they are in.

    A folder that holds everything doesn't count (a zip often has one). There are classes only where every image is in
    a sub-folder.

    Args:
        names: list of relative paths with forward slashes.

    Returns:
        (groups int32 `[N]`, labels int32 `[N]` or None, class names).

    Example:
        >>> groups, labels, class_names = group_by_folder(["cats/a.png", "cats/b.png", "dogs/c.png"])
        >>> labels.tolist(), class_names
        ([0, 0, 1], ['cats', 'dogs'])
    """
    parents = [tuple(name.split("/")[:-1]) for name in names]
    shared = len(os.path.commonprefix(parents)) if parents else 0
    folders = [parent[shared:] for parent in parents]
    groups = _numbered(folders)[0]
    if not folders or not all(folders):
        return groups, None, []
    labels, class_names = _numbered([folder[0] for folder in folders])
    return groups, labels, class_names


def _numbered(values: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
    """(number of each value among the sorted different ones, these)."""
    different = sorted(set(values))
    number = {value: index for index, value in enumerate(different)}
    return np.array([number[value] for value in values], np.int32), different
