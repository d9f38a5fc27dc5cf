"""Near-copies of training images among the generated ones, compared with those in the training set itself."""

from __future__ import annotations

import dataclasses

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.inputs import check_length
from keras_transfer_gen.metrics.neighbours import Neighbours, nearest_in_features, nearest_in_pixels

PIXEL_LEVELS = 5.0
FEATURE_PERCENTILE = 5.0
ROUNDING = 1e-5  # of the features' length: the features of identical images may differ by that much
ARRAYS = ("nearest_index", "nearest_is_mirrored", "pixels", "features")  # fields that are not reported


@dataclasses.dataclass(frozen=True)
class Memorisation:
    """How near the generated images are to the training images; shares are in [0, 1].

    An image is a near-copy where its nearest training image is

    - in pixels: less than `pixel_threshold` grey levels away (mean absolute difference), or
    - in features: at most `feature_threshold` away, the 5th percentile of the distances from each training image to
      the nearest other one, plus a margin for rounding.

    Training sets have near-copies of their own (skin tones, bursts of photographs). So the same shares are computed for
    the training set, each image against the others; the `excess` over them is what the generator copies.

    Args:
        near_copy_share: generated images that are near-copies by pixels or by features.
        train_share: the same of the training images among themselves.
        pixel_share: generated images that are near-copies by pixels.
        train_pixel_share: the same of the training images.
        feature_share: generated images that are near-copies by features.
        train_feature_share: the same of the training images; 0.05, or near it where distances are equal.
        median_distance_ratio: median feature distance of the generated images to the training images, divided by that
            of the training images among themselves; far below 1 where the generator copies. None where the latter is 0.
        pixel_threshold: grey levels.
        feature_threshold: Euclidean distance of features.
        train_count: training images.
        fake_count: generated images.
        nearest_index: int64 `[fake_count]`, the training image to show beside each generated one: the nearest in pixels
            where that is a near-copy, else the nearest in features.
        nearest_is_mirrored: bool `[fake_count]`, True where it must be flipped left to right to be alike.
        pixels: `Neighbours` of the generated images in pixels.
        features: `Neighbours` of the generated images in features.
    """

    near_copy_share: float
    train_share: float
    pixel_share: float
    train_pixel_share: float
    feature_share: float
    train_feature_share: float
    median_distance_ratio: float | None
    pixel_threshold: float
    feature_threshold: float
    train_count: int
    fake_count: int
    nearest_index: np.ndarray
    nearest_is_mirrored: np.ndarray
    pixels: Neighbours
    features: Neighbours

    @property
    def excess(self) -> float:
        """near_copy_share - train_share, in [-1, 1]; above 0 where the generator copies training images."""
        return self.near_copy_share - self.train_share

    def to_dict(self, others: str = "train") -> dict[str, float]:
        """The numbers (no arrays) and the excess, ready for JSON.

        Args:
            others: replaces "train" in the names, where the generated images are compared with other real images.
        """
        fields = [field.name for field in dataclasses.fields(self) if field.name not in ARRAYS]
        numbers = {name.replace("train_", f"{others}_"): getattr(self, name) for name in fields}
        return {"excess": self.excess, **numbers}


def memorisation(
    fake_images: np.ndarray,
    fake_features: np.ndarray,
    train_images: np.ndarray,
    train_features: np.ndarray,
    mirrored_features: np.ndarray | None = None,
    pixel_threshold: float = PIXEL_LEVELS,
) -> Memorisation:
    """Compares generated images with their nearest training images and mirror images; see `Memorisation`.

    Args:
        fake_images: uint8 `[N, H, W, C]`.
        fake_features: `[N, D]`.
        train_images: uint8 `[T, H, W, C]`, T at least 2, of the same size.
        train_features: `[T, D]`.
        mirrored_features: `[T, D]`, of the training images flipped left to right; where it is None, mirror images are
            compared in pixels only.
        pixel_threshold: grey levels below which two images are near-copies.

    Returns:
        `Memorisation`.

    Raises:
        UserError: for arrays of different images.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> train = generator.integers(0, 256, (8, 32, 32, 3)).astype(np.uint8)
        >>> features = generator.normal(size=(8, 4))
        >>> memorisation(train[:4], features[:4], train, features).pixel_share
        1.0
    """
    pixel_threshold = checks.check_number("pixel_threshold", pixel_threshold, above=True)
    check_length("fake_features", fake_features, "fake_images", fake_images)
    check_length("train_features", train_features, "train_images", train_images)
    pixels, train_pixels = nearest_in_pixels(train_images, fake_images), nearest_in_pixels(train_images)
    features = nearest_in_features(train_features, fake_features, mirrored_features)
    train_own = nearest_in_features(train_features, None, mirrored_features)
    length = np.sqrt(np.square(train_features, dtype=np.float64).sum(axis=1).mean())
    feature_threshold = float(np.percentile(train_own.distance, FEATURE_PERCENTILE) + ROUNDING * length)
    by_pixels, train_by_pixels = (near.distance < pixel_threshold for near in (pixels, train_pixels))
    # At most, not below: in a set with many identical images the percentile is 0.
    by_features, train_by_features = (near.distance <= feature_threshold for near in (features, train_own))
    train_median = float(np.median(train_own.distance))
    return Memorisation(
        near_copy_share=float((by_pixels | by_features).mean()),
        train_share=float((train_by_pixels | train_by_features).mean()),
        pixel_share=float(by_pixels.mean()),
        train_pixel_share=float(train_by_pixels.mean()),
        feature_share=float(by_features.mean()),
        train_feature_share=float(train_by_features.mean()),
        median_distance_ratio=float(np.median(features.distance)) / train_median if train_median > 0 else None,
        pixel_threshold=pixel_threshold,
        feature_threshold=feature_threshold,
        train_count=len(train_images),
        fake_count=len(fake_images),
        nearest_index=np.where(by_pixels, pixels.index, features.index),
        nearest_is_mirrored=np.where(by_pixels, pixels.mirrored, features.mirrored),
        pixels=pixels,
        features=features,
    )
