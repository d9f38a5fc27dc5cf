"""Does it only copy the training images? Near-copies among what was made, beside those among the training set."""

import dataclasses

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.metrics.neighbours import Neighbours, nearest_in_features, nearest_in_pixels

PIXEL_LEVELS = 5.0
FEATURE_PERCENTILE = 5.0
ROUNDING = 1e-5  # of the features' length: identical images may lie that far apart


@dataclasses.dataclass(frozen=True)
class Memorisation:
    """How near the generated images are to the training images; shares are in [0, 1].

    An image is a near-copy where its nearest training image is
    - in pixels: less than `pixel_threshold` grey levels away (mean absolute difference), or
    - in features: at most `feature_threshold` away, the 5th percentile of the distances from each training image to
      the nearest other one, raised by what rounding may add.
    Training sets hold near-copies of their own (skin tones, bursts of photographs), so the same shares are taken of the
    training set, each image against the others. What was copied is the `excess`.

    Args:
        near_copy_share: generated images that are near-copies by pixels or by features.
        train_share: the same of the training images among themselves.
        pixel_share: generated images that are near-copies by pixels.
        train_pixel_share: the same of the training images.
        feature_share: generated images that are near-copies by features.
        train_feature_share: the same of the training images; 0.05 but for ties and rounding to whole images.
        median_distance_ratio: median feature distance of generated images to training, over that of the training
            images among themselves; well below 1 says copying. None where the latter is 0.
        pixel_threshold: grey levels.
        feature_threshold: Euclidean distance of features.
        train_count: training images.
        fake_count: generated images.
        nearest_index: int64 `[fake_count]`, the training image to show beside each made one: the nearest in pixels
            where that is a near-copy, else the nearest in features.
        nearest_is_mirrored: bool `[fake_count]`, True where it is to be shown flipped left to right.
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
    def excess(self):
        """near_copy_share - train_share, in [-1, 1]; above 0 the generator copies more than the set repeats itself."""
        return self.near_copy_share - self.train_share

    def to_dict(self, others="train"):
        """The numbers (no arrays) and the excess, ready for JSON.

        Args:
            others: what stands for "train" in the names where the images compared with were not trained on.
        """
        numbers = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)[:11]}
        told = {name.replace("train_", f"{others}_"): value for name, value in numbers.items()}
        return {"excess": self.excess, **told}


def memorisation(
    fake_images, fake_features, train_images, train_features, mirrored_features=None, pixel_threshold=PIXEL_LEVELS
):
    """Compares generated images with their nearest training images and mirror images; see `Memorisation`.

    Args:
        fake_images: uint8 `[N, H, W, C]`.
        fake_features: `[N, D]`.
        train_images: uint8 `[T, H, W, C]`, T at least 2, of the same size.
        train_features: `[T, D]`.
        mirrored_features: `[T, D]`, of the training images flipped left to right; None compares features with
            the images as they are alone.
        pixel_threshold: grey levels below which two images are near-copies.

    Returns:
        `Memorisation`.

    Raises:
        UserError: for arrays that don't belong together.

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
    by_pixels, train_by_pixels = (found.distance < pixel_threshold for found in (pixels, train_pixels))
    # At most, not below: in a set with many identical images the percentile is 0.
    by_features, train_by_features = (found.distance <= feature_threshold for found in (features, train_own))
    usual = float(np.median(train_own.distance))
    return Memorisation(
        near_copy_share=float((by_pixels | by_features).mean()),
        train_share=float((train_by_pixels | train_by_features).mean()),
        pixel_share=float(by_pixels.mean()),
        train_pixel_share=float(train_by_pixels.mean()),
        feature_share=float(by_features.mean()),
        train_feature_share=float(train_by_features.mean()),
        median_distance_ratio=float(np.median(features.distance)) / usual if usual > 0 else None,
        pixel_threshold=pixel_threshold,
        feature_threshold=feature_threshold,
        train_count=len(train_images),
        fake_count=len(fake_images),
        nearest_index=np.where(by_pixels, pixels.index, features.index),
        nearest_is_mirrored=np.where(by_pixels, pixels.mirrored, features.mirrored),
        pixels=pixels,
        features=features,
    )


def check_length(name, features, other_name, images):
    """Raises a `UserError` where there is not one row of features for each image."""
    if len(features) != len(images):
        hint = "Give the features of those images, in their order."
        raise checks.user_error(f"len({name})", f"len({other_name}) = {len(images)}", len(features), hint)
