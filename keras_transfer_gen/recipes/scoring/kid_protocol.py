"""KID of generated images against a reference, by the one protocol that every figure of this project follows."""

import dataclasses

import numpy as np

from keras_transfer_gen.metrics import features as feature_layer
from keras_transfer_gen.metrics.feature_network import FEATURE_NETWORK, INPUT_SIZE
from keras_transfer_gen.metrics.kid import kid_score

NUM_FAKES = 500
CURVE_FAKES = 200  # for a score on the way
MOST_REALS = 1000
SEED = 0


@dataclasses.dataclass(frozen=True)
class Reference:
    """Real images to score against.

    Args:
        images: uint8 `[N, S, S, C]`, at most `MOST_REALS`.
        features: `[N, D]`.
        name: what the images are, for the reader of the score.
    """

    images: np.ndarray
    features: np.ndarray
    name: str


def make_reference(images, name, most=MOST_REALS, progress=None):
    """The reference of a set of images: all of them, or `most` drawn without replacement with seed 0.

    Args:
        images: uint8 `[N, S, S, C]`.
        name: what the images are.
        most: images to use at most.
        progress: optional function `(done, total)`.
    """
    if len(images) > most:
        images = images[np.sort(np.random.default_rng(SEED).permutation(len(images))[:most])]
    images = np.asarray(images)
    return Reference(images, feature_layer.reference_features(images, progress=progress), name)


def score_features(features, reference):
    """A score as it stands in metrics.json: KID x 1000, its bootstrap deviation, and what it was measured with."""
    value, deviation = kid_score(reference.features, features)
    return {
        "value": value,
        "std": deviation,
        "feature_network": FEATURE_NETWORK,
        "input_size": INPUT_SIZE,
        "n_real": len(reference.features),
        "n_fake": len(features),
        "reference": reference.name,
    }


def score_images(images, reference, progress=None):
    """The score of generated images, uint8 `[N, S, S, C]`."""
    return score_features(feature_layer.extract_features(images, progress=progress), reference)


def score_model(model, reference, num, progress=None):
    """The score of the first `num` images that a model makes with seed 0."""
    return score_images(model.generate(num, seed=SEED), reference, progress)


def curve_score(reference):
    """The function `gan -> {"kid": ...}` that is called on the way; fewer images than for a reported score."""

    def score(gan):
        return {"kid": score_model(gan, reference, CURVE_FAKES)["value"]}

    return score
