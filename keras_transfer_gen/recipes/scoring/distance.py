"""How far a user's images are from those of a source: one number and one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.recipes.models.resolve import KERAS, ModelRef
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.scoring.feature_views import average_down
from keras_transfer_gen.recipes.settings.defaults import FAR, NEAR

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Progress
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.scoring.kid_protocol import Reference


SIZE = 64  # pixels, at which NEAR and FAR were measured
SOURCE_FEATURES = "features.npz"  # beside a preset: features of its training images, at most SIZE pixels large
VERDICTS = (  # (below this distance, word, what to do)
    (NEAR, "close", "Adapting the source should work well."),
    (FAR, "medium", "Adapting the source should still help."),
    (float("inf"), "far", "Try other sources (`ktg models`); check with --compare-scratch that they help."),
)


def source_features(source: ModelRef | Path) -> np.ndarray | None:
    """The features of images that a source was trained on.

    Args:
        source: `ModelRef` of the source, or the folder of a preset.

    Returns:
        float32 `[N, D]`, or None where there are none beside its file.
    """
    if isinstance(source, ModelRef):
        if source.kind != KERAS:
            return None
        source = Path(source.path).parent
    path = source / SOURCE_FEATURES
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return stored["features"].astype(np.float32)


def measure_distance(
    training: Reference,
    generated: np.ndarray,
    features: np.ndarray,
    known: np.ndarray | None = None,
    reporter: Reporter = SILENT,
) -> tuple[float, str]:
    """How far images are from a source.

    Images larger than 64 px are averaged down to 64 px first, those of both sides: the words close and far were found
    at that size.

    Args:
        training: `kid_protocol.Reference` of the user's images.
        generated: uint8 `[N, S, S, C]`, images that the source generates.
        features: `[N, D]`, their features.
        known: `[K, D]`, features of the source's own training images, which are used instead; or None.
        reporter: `Reporter`; shows the progress.

    Returns:
        (distance, sentence): KID x 1000, and what it means.
    """
    size = training.images.shape[1]
    user = training.features
    if size > SIZE:
        user = _features_at_size(training.images, reporter.counter("features of the images at 64 px"))
        if known is None:
            features = _features_at_size(generated, reporter.counter("features of the source's images at 64 px"))
    distance = 1000 * kid(features if known is None else known, user)
    return distance, describe_distance(distance, size, generated=known is None)


def describe_distance(distance: float, size: int = SIZE, generated: bool = False) -> str:
    """One sentence about a distance, and what to do.

    Args:
        distance: KID x 1000.
        size: side of the user's images in pixels.
        generated: whether it is to images that the source generates, not to its training images.

    Example:
        >>> describe_distance(44.0)
        "KID x 1000 between your images and the source's: 44 (close), at 64 px. Adapting the source should work well."
    """
    other = "those that the source generates" if generated else "the source's"
    _, word, step = next(row for row in VERDICTS if distance < row[0])
    shown = max(distance, 0.0)  # an unbiased estimate may be negative
    at = f"at {min(size, SIZE)} px"
    if size < SIZE:
        at += f" ({word} is meant for images of {SIZE} px)"
    return f"KID x 1000 between your images and {other}: {shown:.0f} ({word}), {at}. {step}"


def _features_at_size(images: np.ndarray, progress: Progress) -> np.ndarray:
    return extract_features(average_down(images, SIZE), progress=progress)
