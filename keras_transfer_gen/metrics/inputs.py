"""Checks of what the metrics take: images, and features that are two-dimensional, finite and of one length."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_transfer_gen import checks


def check_features(name: str, features: list[list[float]] | np.ndarray, least: int = 2) -> np.ndarray:
    """float64 `[N, D]` of `features`, or a `UserError` that names the argument.

    Args:
        name: the argument's name.
        features: real numbers, `[N, D]`.
        least: how many images (rows) there must be.
    """
    array = np.asarray(features)
    if array.ndim != 2 or array.shape[1] < 1 or array.dtype.kind not in "fiu":
        raise checks.user_error(name, "real numbers [images, features]", array)
    if len(array) < least:
        raise checks.user_error(f"len({name})", f"at least {least}", len(array), "Use more images.")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise checks.user_error(name, "finite", "NaN or infinity", "Check the images and the feature network.")
    return array


def check_pair(real_features: np.ndarray, fake_features: np.ndarray, least: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """(real, fake) as float64 `[N, D]` and `[M, D]`, or a `UserError`; `least` images in each."""
    real = check_features("real_features", real_features, least)
    fake = check_features("fake_features", fake_features, least)
    check_width("fake_features", fake, real)
    return real, fake


def check_width(name: str, features: np.ndarray, other: np.ndarray) -> None:
    """Raises a `UserError` where the rows of `features` are not as long as those of `other`."""
    if features.shape[1] != other.shape[1]:
        hint = "Extract both with the same feature network."
        raise checks.user_error(f"{name}.shape[1]", f"{other.shape[1]}, as in the other set", features.shape[1], hint)


def check_uint8_images(name: str, images: np.ndarray, channels: Any = "C", least: int = 1) -> np.ndarray:
    """`images` as an array, or a `UserError` where they are not uint8 `[N, H, W, C]`.

    Args:
        name: the argument's name.
        images: the images.
        channels: "C" for any number, "1 or 3" for grey or RGB alone.
        least: how many images there must be.
    """
    array = np.asarray(images)
    usable = array.dtype == np.uint8 and array.ndim == 4 and len(array) >= least and 0 not in array.shape
    if not usable or (channels != "C" and array.shape[-1] not in (1, 3)):
        hint = "Use more images." if array.dtype == np.uint8 else "pixels.to_uint8 converts images in [-1, 1]."
        raise checks.user_error(name, f"uint8 [N, H, W, {channels}], N at least {least}", array, hint)
    return array


def check_length(name: str, features: np.ndarray, other_name: str, images: np.ndarray) -> None:
    """Raises a `UserError` where there is not one row of features for each image."""
    if len(features) != len(images):
        hint = "Extract the features of the same images, in the same order."
        raise checks.user_error(f"len({name})", f"len({other_name}) = {len(images)}", len(features), hint)
