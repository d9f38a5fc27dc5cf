"""Images to put aside."""

import numpy as np
import pytest


@pytest.fixture
def aside():
    return np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
