"""Whether an exported model still gives what the Keras model gives: the same images, the same latents."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.latent_distributions import transform_normals

if TYPE_CHECKING:
    from keras_transfer_gen.export.servable import ServedFunction
    from keras_transfer_gen.specs import ModelSpec


LATENT_TOLERANCE = 1e-3  # of encoded means and log variances, in units of N(0, 1)
FLOAT16_LATENT_TOLERANCE = 0.05
CHANGED_TOKENS, FLOAT16_CHANGED_TOKENS = 0.02, 0.2  # shares: codes that are nearly as near
PEAKS = {"images": 2.0}  # the range of an output, from which a PSNR is counted
SSIM_WINDOW = 11  # pixels
LATENT_PEAK = 6.0  # from -3 to 3 standard deviations


class ExportError(RuntimeError):
    """An exported file is not what it should be; nothing was written."""


@dataclasses.dataclass(frozen=True)
class Parity:
    """How far two sets of images are apart, in pixel levels (0..255): at most, and on average."""

    max_levels: float
    mean_levels: float


def check_parity(expected: Any, actual: Any, tolerance: float = 1.0, what: str = "SavedModel") -> Parity:
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


def check_latents(expected: Any, actual: Any, what: str, tolerance: float = LATENT_TOLERANCE) -> None:
    """Raises an `ExportError` where encoded means or log variances are further apart than they may be.

    Args:
        expected: float `[N, latent_dim]` from the Keras model.
        actual: the same from the exported file.
        what: name of the exported form, for the error.
        tolerance: the most that any value may differ, in units of N(0, 1).
    """
    gap = float(np.max(np.abs(np.asarray(expected) - np.asarray(actual))))
    if not gap <= tolerance:  # NaN too
        raise ExportError(f"{what} gives latents that differ by {gap:.3g}; at most {tolerance:g} is allowed.")


def check_same_tokens(expected: Any, actual: Any, what: str, share: float = CHANGED_TOKENS) -> None:
    """Raises an `ExportError` where more tokens are others than may be.

    Args:
        expected: int `[N, rows, columns]` from the Keras model.
        actual: the same from the exported file.
        what: name of the exported form, for the error.
        share: of the tokens that may be others, 0..1.
    """
    expected, actual = np.asarray(expected), np.asarray(actual)
    changed = np.mean(expected != actual) if expected.shape == actual.shape else 1.0
    if changed > share:
        raise ExportError(f"{what} gives other tokens at {changed:.1%} of the places; at most {share:.0%} is allowed.")


def check_outputs(function: ServedFunction, outputs: dict[str, Any], what: str, levels: float = 1.0) -> None:
    """Compares what an exported function gave for its examples with what it must give.

    "images" and "png_bytes" are compared in pixel levels, "tokens" by how many are others; further outputs are latents,
    in units of N(0, 1). Of a function that chooses between codes half of the images count, those that differ least.

    Args:
        function: `servable.ServedFunction`.
        outputs: {name: array or tensor} of the exported function.
        what: name of the exported form, for the error.
        levels: the pixel levels by which images may differ, where the function does not allow more itself. More than
            one means low precision, for which latents may differ more as well.

    Raises:
        ExportError: where an output differs by more than it may.
    """
    for name, expected in function.expected.items():
        _CHECKS.get(name, _check_latents)(expected, outputs[name], levels, function, what)


def _check_images(expected: Any, actual: Any, levels: float, function: ServedFunction, what: str) -> None:
    if function.chooses:
        expected, actual = _nearest_half(np.asarray(expected), np.asarray(actual))
    check_parity(expected, actual, max(levels, function.tolerance), what)


def _nearest_half(expected: np.ndarray, actual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both without the half of the rows that differ most; as they are where they can't be compared."""
    if expected.shape != actual.shape or not np.isfinite(actual).all():
        return expected, actual
    gaps = np.abs(expected.astype(np.float64) - actual.astype(np.float64)).reshape(len(expected), -1).max(axis=1)
    kept = np.argsort(gaps, kind="stable")[: (len(gaps) + 1) // 2]
    return expected[kept], actual[kept]


def _check_png(expected: Any, actual: Any, levels: float, function: Any, what: str) -> None:
    images = [tf.io.decode_png(content).numpy() for content in np.asarray(actual)]
    _check_images(expected, np.stack(images), levels, function, what)


def _check_latents(expected: Any, actual: Any, levels: float, function: Any, what: str) -> None:
    check_latents(expected, actual, what, FLOAT16_LATENT_TOLERANCE if levels > 1 else LATENT_TOLERANCE)


def _check_tokens(expected: Any, actual: Any, levels: float, function: Any, what: str) -> None:
    check_same_tokens(expected, actual, what, FLOAT16_CHANGED_TOKENS if levels > 1 else CHANGED_TOKENS)


_CHECKS = {"images": _check_images, "png_bytes": _check_png, "tokens": _check_tokens}  # output -> its comparison


def fidelity(expected: Any, outputs: dict[str, np.ndarray]) -> float:
    """How close the outputs of a file with low precision are: the lowest PSNR of all, in dB.

    Args:
        expected: {name: float ndarray} from the Keras model; "images" in [-1, 1], others in units of N(0, 1).
        outputs: {name: ndarray} of the exported function.

    Returns:
        10 log10(peak**2 / mean squared error); infinite where nothing differs, -infinite where a value is not finite.

    Example:
        >>> fidelity({"images": np.zeros((1, 2, 2, 3))}, {"images": np.full((1, 2, 2, 3), 0.02)})
        40.0
    """
    worst = math.inf
    for name, values in expected.items():
        error = float(np.mean(np.square(np.asarray(values, np.float64) - outputs[name])))
        if not math.isfinite(error):
            return -math.inf
        if error > 0:
            worst = min(worst, 10 * math.log10(PEAKS.get(name, LATENT_PEAK) ** 2 / error))
    return worst


def structural_similarity(expected: Any, outputs: dict[str, np.ndarray]) -> float:
    """The mean SSIM of images of low precision: 1.0 for equal ones, for images below 11 pixels, and without images.

    A PSNR is an average over the image; this also falls where plain areas get a little noise.

    Args:
        expected: as in `fidelity`.
        outputs: as in `fidelity`.

    Example:
        >>> structural_similarity({"images": np.zeros((1, 16, 16, 3))}, {"images": np.zeros((1, 16, 16, 3))})
        1.0

    Reference:
        Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, 2004.
    """
    images = expected.get("images")
    if images is None or min(images.shape[1:3]) < SSIM_WINDOW:
        return 1.0
    values = tf.image.ssim(*(tf.cast(part, tf.float32) for part in (images, outputs["images"])), PEAKS["images"])
    return float(tf.reduce_mean(values))


def check_fidelity(expected: Any, outputs: dict[str, np.ndarray], least: float, what: str) -> float:
    """Returns `fidelity`, or raises an `ExportError` where it is below `least` dB.

    Args:
        expected: as in `fidelity`.
        outputs: as in `fidelity`.
        least: in dB.
        what: name of the exported form, for the error.
    """
    decibels = fidelity(expected, outputs)
    if decibels < least:
        raise ExportError(
            f"{what} differs from the Keras model by a PSNR of {decibels:.1f} dB; at least {least:g} dB is needed."
        )
    return decibels


def probe_latents(latent_dim: int, count: int = 4) -> np.ndarray:
    """The latents on which exports are compared: float32 `[count, latent_dim]` from N(0, 1), always the same."""
    return np.random.default_rng(0).standard_normal((count, latent_dim)).astype(np.float32)


def probe_inputs(spec: ModelSpec, count: int = 4) -> dict[str, np.ndarray]:
    """What a generator is called with where exports are compared: `{"latents": ..., "labels": int32 [count]}`.

    Args:
        spec: its `ModelSpec`; without classes there are no labels.
        count: number of images.
    """
    inputs = {"latents": transform_normals(spec.distribution, probe_latents(spec.latent_dim, count))}
    if spec.num_classes:
        inputs["labels"] = np.arange(count, dtype=np.int32) % spec.num_classes
    return inputs
