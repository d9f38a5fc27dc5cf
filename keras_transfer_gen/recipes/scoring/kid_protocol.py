"""KID of generated images against a reference, by the one protocol that every figure of this project follows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.data.lazy_images import LazyImages
from keras_transfer_gen.metrics.kid import kid_score
from keras_transfer_gen.recipes.scoring.feature_views import WHOLE, FeatureView

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Progress


@dataclasses.dataclass(frozen=True)
class KidProtocol:
    """How many images a score compares. Scores by other counts or another seed can't be compared.

    Args:
        num_fakes: generated images of a reported score.
        curve_fakes: generated images of a score during training.
        max_reals: real images at most; of more, so many are drawn without replacement.
        seed: of the generated images and of that drawing.
    """

    num_fakes: int = 500
    curve_fakes: int = 200
    max_reals: int = 1000
    seed: int = 0


DEFAULT = KidProtocol()  # of every figure of this project


@dataclasses.dataclass(frozen=True)
class Reference:
    """Real images to score against.

    Args:
        images: uint8 `[N, S, S, C]`, at most `KidProtocol.max_reals`.
        features: `[N, D]`.
        name: what the images are, for the reader of the score.
        view: `FeatureView` that the features are of.
        seen: dict of other views -> `Reference`, filled by `seen_by`.
    """

    images: np.ndarray
    features: np.ndarray
    name: str
    view: FeatureView = WHOLE
    seen: dict = dataclasses.field(default_factory=dict, repr=False, compare=False)

    def seen_by(self, view: FeatureView, progress: Progress | None = None) -> Reference:
        """`Reference` of the same images with the features of another view, which are extracted once.

        Args:
            view: `FeatureView`.
            progress: optional function `(done, total)`.
        """
        if view == self.view:
            return self
        if view not in self.seen:
            features = view.extract_reference(self.images, progress=progress)
            self.seen[view] = Reference(self.images, features, self.name, view)
        return self.seen[view]


def generate_fakes(model: Any, protocol: KidProtocol | None = None) -> np.ndarray:
    """The images that a reported score is measured on, uint8 `[N, S, S, C]`.

    Args:
        model: anything with `generate(num, seed=)`.
        protocol: `KidProtocol`, or None for the default.
    """
    protocol = protocol or DEFAULT
    return model.generate(protocol.num_fakes, seed=protocol.seed)


def make_reference(
    images: np.ndarray | LazyImages,
    name: str,
    protocol: KidProtocol | None = None,
    progress: Progress | None = None,
    view: FeatureView = WHOLE,
) -> Reference:
    """The reference of a set of images.

    Args:
        images: uint8 `[N, S, S, C]`.
        name: what the images are.
        protocol: `KidProtocol`, or None for the default.
        progress: optional function `(done, total)`.
        view: `FeatureView` of the features.

    Returns:
        `Reference`: all of the images in their order, or `max_reals` of them.
    """
    images = subsample_images(images, protocol)
    return Reference(images, view.extract_reference(images, progress=progress), name, view)


def subsample_images(images: np.ndarray | LazyImages, protocol: KidProtocol | None = None) -> np.ndarray:
    """All of some images in their order, or `max_reals` of them, drawn without replacement with the protocol's seed."""
    protocol = protocol or DEFAULT
    images = images if isinstance(images, LazyImages) else np.asarray(images)
    if len(images) <= protocol.max_reals:
        return np.asarray(images)
    return images[np.sort(np.random.default_rng(protocol.seed).permutation(len(images))[: protocol.max_reals])]


def score_features(features: np.ndarray, reference: Reference) -> dict[str, Any]:
    """The score of generated images by their features.

    Args:
        features: `[N, D]`, of the reference's view.
        reference: `Reference`.

    Returns:
        dict as it stands in metrics.json: KID x 1000, its bootstrap deviation, and what it was measured with.
    """
    value, deviation = kid_score(reference.features, features)
    return {
        "value": value,
        "std": deviation,
        "feature_network": reference.view.network,
        "input_size": reference.view.input_size,
        "n_real": len(reference.features),
        "n_fake": len(features),
        "reference": reference.name,
    }


def score_images(images: np.ndarray, reference: Reference, progress: Progress | None = None) -> dict[str, Any]:
    """The score (dict, see `score_features`) of generated images, uint8 `[N, S, S, C]`."""
    return score_features(reference.view.extract(images, progress), reference)


def score_model(
    model: Any,
    reference: Reference,
    num: int | None = None,
    progress: Progress | None = None,
    protocol: KidProtocol | None = None,
) -> dict[str, Any]:
    """The score (dict, see `score_features`) of the first images that a model generates.

    Args:
        model: anything with `generate(num, seed=)`.
        reference: `Reference`.
        num: number of generated images; by default the protocol's.
        progress: optional function `(done, total)`.
        protocol: `KidProtocol`, or None for the default.
    """
    protocol = protocol or DEFAULT
    return score_images(model.generate(num or protocol.num_fakes, seed=protocol.seed), reference, progress)


def curve_score(reference: Reference, protocol: KidProtocol | None = None) -> Callable[[Any], dict[str, float]]:
    """A function `gan -> {"kid": KID x 1000}` for scores during training; of fewer images than a reported score."""
    protocol = protocol or DEFAULT

    def score(gan: Any) -> dict[str, float]:
        return {"kid": score_model(gan, reference, protocol.curve_fakes, protocol=protocol)["value"]}

    return score
