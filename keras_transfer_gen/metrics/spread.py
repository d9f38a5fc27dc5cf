"""How far generated images are from each other, beside how far real ones are: a number that falls before a collapse."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist

from keras_transfer_gen.metrics.inputs import check_pair

MOST = 500  # rows of a set that are compared with each other


def spread_ratio(real_features: np.ndarray, fake_features: np.ndarray) -> float:
    """The mean distance between two generated images over that between two real ones.

    Args:
        real_features: `[N, D]`, N of at least 2.
        fake_features: `[M, D]`, M of at least 2.

    Returns:
        float of at least 0: about 1 where generated images differ as much as real ones do, 0 where they are all alike.
        Of more than 500 rows the first 500 are taken. 1.0 where all real images are the same.

    Raises:
        UserError: for sets that can't be compared, as in `kid`.

    Example:
        >>> spread_ratio([[0.0], [4.0]], [[1.0], [2.0]])
        0.25
    """
    real, fake = check_pair(real_features, fake_features, least=2)
    known = float(np.mean(pdist(real[:MOST])))
    return float(np.mean(pdist(fake[:MOST]))) / known if known > 0 else 1.0
