"""Checks that the scores share: features that are two-dimensional, finite and alike in length."""

import numpy as np

from keras_transfer_gen import checks


def check_features(name, features, least=2):
    """float64 `[N, D]` of `features`, or a `UserError` that names the argument.

    Args:
        name: the argument's name.
        features: real numbers, `[N, D]`.
        least: how many images (rows) there must be.
    """
    array = np.asarray(features)
    if array.ndim != 2 or array.shape[1] < 1 or array.dtype.kind not in "fiu":
        raise checks.user_error(f"{name}.shape", "[images, features] of real numbers", (array.shape, array.dtype.name))
    if len(array) < least:
        raise checks.user_error(f"len({name})", f"at least {least}", len(array), "Give more images.")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise checks.user_error(name, "finite", "NaN or infinity", "Look at the images that the features are of.")
    return array


def check_pair(real_features, fake_features, least=2):
    """(real, fake) as float64 `[N, D]` and `[M, D]`, or a `UserError`; `least` images in each."""
    real = check_features("real_features", real_features, least)
    fake = check_features("fake_features", fake_features, least)
    check_width("fake_features", fake, real)
    return real, fake


def check_width(name, features, other):
    """Raises a `UserError` where the rows of `features` are not as long as those of `other`."""
    if features.shape[1] != other.shape[1]:
        hint = "Take both from the same feature network."
        raise checks.user_error(f"{name}.shape[1]", f"{other.shape[1]}, as in the other set", features.shape[1], hint)
