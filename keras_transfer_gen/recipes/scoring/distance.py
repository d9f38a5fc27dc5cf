"""How far a user's images lie from what a source was trained on, in one sentence."""

import numpy as np

from keras_transfer_gen.metrics.kid import kid
from keras_transfer_gen.recipes.settings.defaults import FAR, NEAR

SOURCE_FEATURES = "features.npz"  # beside a preset: features of images that it was trained on


def source_features(folder):
    """float32 `[N, D]` of images that a source was trained on, or None where they don't lie beside it."""
    path = folder / SOURCE_FEATURES
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        return stored["features"].astype(np.float32)


def describe_distance(seen, known, made):
    """One sentence about the distance of a set of images from a source.

    Args:
        seen: features of the user's images `[M, D]`.
        known: features of the source's own training images `[N, D]`, or None.
        made: features of images that the source makes `[K, D]`; used where `known` is None.

    Returns:
        (distance, sentence): the KID x 1000 that the sentence names, and the sentence.
    """
    distance = 1000 * kid(made if known is None else known, seen)
    basis = "" if known is not None else " (measured on images that it makes)"
    if distance < NEAR:
        verdict = "near, transfer should win"
    elif distance < FAR:
        verdict = "some way off, transfer should still help"
    else:
        verdict = "far, so check with --compare-scratch that transfer helps"
    shown = max(distance, 0.0)  # an unbiased estimate may be negative
    return distance, f"your images are {shown:.0f} from this source{basis}: {verdict}"
