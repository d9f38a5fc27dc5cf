"""Whether an exported model still gives what the Keras model gives: the same images, the same latents."""

import dataclasses

import numpy as np
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.latent_distributions import transform_normals

LATENT_TOLERANCE = 1e-3  # of encoded means and log variances, in units of N(0, 1)


class ExportError(RuntimeError):
    """An exported file is not what it should be; nothing was written."""


@dataclasses.dataclass(frozen=True)
class Parity:
    """How far two sets of images are apart, in pixel levels (0..255): at most, and on average."""

    max_levels: float
    mean_levels: float


def check_parity(expected, actual, tolerance=1.0, what="SavedModel"):
    """Measures how far exported images are from those they should be.

    Args:
        expected: `[N, H, W, C]`, float in [-1, 1] or uint8, from the Keras model.
        actual: the same from the exported file.
        tolerance: the most that any value may differ, in pixel levels.
        what: name of the exported form, for the error.

    Returns:
        `Parity`.

    Raises:
        ExportError: where shapes or types differ, a value is not finite, or the difference is above `tolerance`.

    Example:
        >>> black = np.full((1, 2, 2, 3), -1.0, np.float32)
        >>> check_parity(black, black)
        Parity(max_levels=0.0, mean_levels=0.0)
    """
    expected, actual = np.asarray(expected), np.asarray(actual)
    are_uint8 = [array.dtype == np.uint8 for array in (expected, actual)]
    if expected.shape != actual.shape or are_uint8[0] != are_uint8[1]:
        raise ExportError(
            f"{what} gives images {actual.dtype} {actual.shape}, the Keras model {expected.dtype} {expected.shape}."
        )
    scale = 1.0 if are_uint8[0] else pixels.LEVELS
    if not (np.isfinite(expected).all() and np.isfinite(actual).all()):
        raise ExportError(f"{what} or the Keras model gives images with values that are not finite numbers.")
    difference = np.abs(expected.astype(np.float64) - actual.astype(np.float64)) * scale
    parity = Parity(float(difference.max()), float(difference.mean()))
    if parity.max_levels > tolerance:
        raise ExportError(
            f"{what} differs from the Keras model by up to {parity.max_levels:.3g} pixel levels "
            f"(mean {parity.mean_levels:.3g}); at most {tolerance:g} is allowed."
        )
    return parity


def check_latents(expected, actual, what):
    """Raises an `ExportError` where encoded means or log variances are further apart than `LATENT_TOLERANCE`.

    Args:
        expected: float `[N, latent_dim]` from the Keras model.
        actual: the same from the exported file.
        what: name of the exported form, for the error.
    """
    gap = float(np.max(np.abs(np.asarray(expected) - np.asarray(actual))))
    if not gap <= LATENT_TOLERANCE:  # NaN too
        raise ExportError(f"{what} gives latents that differ by {gap:.3g}; at most {LATENT_TOLERANCE:g} is allowed.")


def check_outputs(function, outputs, what):
    """Compares what an exported function gave for its examples with what it must give.

    "images" and "png_bytes" are compared in pixel levels, other outputs are latents, in units of N(0, 1).

    Args:
        function: `servable.ServedFunction`.
        outputs: {name: array or tensor} of the exported function.
        what: name of the exported form, for the error.

    Raises:
        ExportError: where an output differs by more than it may.
    """
    for name, expected in function.expected.items():
        _CHECKS.get(name, _check_latents)(expected, outputs[name], function, what)


def _check_images(expected, actual, function, what):
    check_parity(expected, actual, function.tolerance, what)


def _check_png(expected, actual, function, what):
    images = [tf.io.decode_png(content).numpy() for content in np.asarray(actual)]
    check_parity(expected, np.stack(images), function.tolerance, what)


def _check_latents(expected, actual, function, what):
    check_latents(expected, actual, what)


_CHECKS = {"images": _check_images, "png_bytes": _check_png}  # output -> its comparison; others are latents


def probe_latents(latent_dim, count=4):
    """The latents on which exports are compared: float32 `[count, latent_dim]` from N(0, 1), always the same."""
    return np.random.default_rng(0).standard_normal((count, latent_dim)).astype(np.float32)


def probe_inputs(spec, count=4):
    """What a generator is called with where exports are compared: `{"latents": ..., "labels": int32 [count]}`.

    Args:
        spec: its `ModelSpec`; without classes there are no labels.
        count: number of images.
    """
    inputs = {"latents": transform_normals(spec.distribution, probe_latents(spec.latent_dim, count))}
    if spec.num_classes:
        inputs["labels"] = np.arange(count, dtype=np.int32) % spec.num_classes
    return inputs
