"""Weights of the feature networks that are installed with the package and never trained."""

from __future__ import annotations

import importlib.resources

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.version import SAVED_MODELS


def read_shipped_weights(name: str) -> dict[str, np.ndarray]:
    """dict of "LAYER/kernel", "LAYER/bias" and the like -> float32 array, from the installed package.

    Args:
        name: name of the network, which is the name of the folder of its weights.npz.

    Raises:
        UserImportError: where the package of weights is not installed.
        UserFileError: where the file is missing or broken.
    """
    try:
        path = importlib.resources.files(SAVED_MODELS) / name / "weights.npz"
    except ModuleNotFoundError as error:
        raise checks.UserImportError(
            f"the weights of {name} are not installed: {SAVED_MODELS} is missing. "
            "In a checkout, run `pip install -e .` first."
        ) from error
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return {key: arrays[key].astype(np.float32) for key in arrays.files}
    except Exception as error:  # NumPy and zipfile raise many kinds for a broken file
        reason = f"It could not be read: {error}. Install keras_transfer_gen again."
        raise checks.file_error("weights", "a readable .npz file", path, reason) from error
