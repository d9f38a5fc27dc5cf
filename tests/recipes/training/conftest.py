"""What trainings of both kinds of model share."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """24 grey images of 28 px as an .npz file with two labels."""
    images = np.random.default_rng(0).integers(0, 256, (24, 28, 28), dtype=np.uint8)
    path = tmp_path_factory.mktemp("digits") / "digits.npz"
    np.savez(path, images=images, labels=np.arange(24) % 2)
    return path
