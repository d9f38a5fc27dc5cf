"""Measures that users add to `evaluate` with `register_metric`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from keras_transfer_gen import tables

if TYPE_CHECKING:
    import numpy as np


def measure_extra(
    real_images: np.ndarray, generated_images: np.ndarray, real_features: np.ndarray, generated_features: np.ndarray
) -> dict[str, float]:
    """Calls every registered metric with what its parameters are named after.

    Args:
        real_images: uint8 `[M, S, S, C]`.
        generated_images: uint8 `[N, S, S, C]`.
        real_features: float32 `[M, D]`.
        generated_features: float32 `[N, D]`.

    Returns:
        dict of name -> float.

    Example:
        >>> from keras_transfer_gen.tables import register_metric
        >>> register_metric("brightness", lambda generated_images: generated_images.mean())  # doctest: +SKIP
    """
    inputs = {
        "real_images": real_images, "generated_images": generated_images, "real_features": real_features,
        "generated_features": generated_features,
    }  # fmt: skip
    values = {}
    for name, row in tables.METRICS.items():
        function = tables.load(row)
        values[name] = float(function(**{key: inputs[key] for key in inspect.signature(function).parameters}))
    return values


def extra_rows(values: dict[str, float]) -> list[tuple[str, str, str]]:
    """(name, value, meaning) of those values that `measure_extra` found, as text."""
    return [(name, f"{values[name]:.4g}", row.help) for name, row in tables.METRICS.items() if name in values]
