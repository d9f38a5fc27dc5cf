"""The images of a run: those to train on, and those to score against. Read once, at its beginning."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks, files
from keras_transfer_gen.data.image_set import ImageSet
from keras_transfer_gen.data.labels import check_every_class, describe_classes, join_columns
from keras_transfer_gen.data.large_folders import CACHE_GB, is_large
from keras_transfer_gen.data.lazy_images import LazyImages
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.inputs.check_data import data_warnings
from keras_transfer_gen.recipes.inputs.suggestions import not_suggesting
from keras_transfer_gen.recipes.scoring import kid_protocol
from keras_transfer_gen.recipes.scoring.kid_protocol import Reference

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import ImageSource
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.scoring.kid_protocol import KidProtocol
    from keras_transfer_gen.recipes.settings.shared import RunSettings


MIN_IMAGES = 2  # KID compares pairs
MOST_FITTED = 10_000  # images that are decoded at once where there are more than memory holds


@dataclasses.dataclass(frozen=True)
class RunImages:
    """The images of a run.

    Args:
        image_set: `ImageSet` to train on.
        training: `Reference` of those images, at most 1,000: what scores during training, the distance from the source
            and near-copies are measured against.
        reference: `Reference` of the reported scores: that of `settings.reference`, or `training` where there is none.
        reference_digest: content hash of the images of `settings.reference`, or None.
        holdout: uint8 `[N, S, S, C]`, images that are not trained on and that nothing is chosen by: what the reported
            ELBO is measured on. None where the family needs none.
        holdout_name: what they are, for the reader of the ELBO.
        validation: uint8 `[M, S, S, C]`, images that are not trained on either: the best weights are chosen by them.
            Empty where there are few images; None where the family needs none.
        labelled: whether the training images are shown with their labels.
    """

    image_set: ImageSet
    training: Reference
    reference: Reference
    reference_digest: str | None = None
    holdout: np.ndarray | LazyImages | None = None
    holdout_name: str = ""
    validation: np.ndarray | LazyImages | None = None
    labelled: bool = False

    @property
    def prior_images(self) -> np.ndarray | LazyImages:
        """Images that a prior may be fitted to, uint8: those of training and validation."""
        training = self.image_set.images  # may be too many to copy
        if isinstance(training, LazyImages) and len(training) > MOST_FITTED:
            training = training[np.random.default_rng(0).choice(len(training), MOST_FITTED, replace=False)]
        return np.concatenate([training, self.validation]) if len(self.validation) else training

    @property
    def calibration_images(self) -> np.ndarray | LazyImages:
        """Images that a source's scale of errors is fitted to, uint8: those of validation, or else of training."""
        return self.validation if len(self.validation) else self.image_set.images[:MOST_FITTED]

    def floor(self, protocol: KidProtocol | None = None) -> dict[str, Any] | None:
        """The score of the training images themselves.

        Args:
            protocol: `KidProtocol`, or None for the default.

        Returns:
            dict as in metrics.json; None where they are the reference.
        """
        if self.reference is self.training:
            return None
        protocol = protocol or kid_protocol.DEFAULT
        features = self.training.features
        if len(features) > protocol.num_fakes:
            order = np.random.default_rng(protocol.seed).permutation(len(features))
            features = features[order[: protocol.num_fakes]]
        return kid_protocol.score_features(features, self.reference)

    def digests(self) -> dict[str, str | None]:
        """Content hashes of the images (dict), for config.json: a continued run sees by them that images changed."""
        digest = self.image_set.digest
        if self.labelled:  # other labels are another training
            names = "\n".join(self.image_set.class_names).encode()
            digest = files.sha256(digest.encode(), names, np.ascontiguousarray(self.image_set.labels))
        return {"pictures_digest": digest, "reference_digest": self.reference_digest}

    def facts(self) -> dict[str, int]:
        """Counts of images (dict), for config.json."""
        counts = {"pictures": len(self.image_set.images), "skipped_files": len(self.image_set.skipped)}
        return counts if self.holdout is None else {**counts, "held_out": len(self.holdout)}


def read_run_images(
    settings: RunSettings, image_size: int, channels: int, reporter: Reporter, protocol: KidProtocol | None = None
) -> RunImages:
    """Reads the images of a run and extracts their features.

    Args:
        settings: settings with data, reference, resize_mode and background.
        image_size: side of the images in pixels.
        channels: 1 or 3.
        reporter: `Reporter`; shows the progress.
        protocol: `KidProtocol`, or None for the default.

    Returns:
        `RunImages`, without holdout and validation.

    Raises:
        UserError, UserFileError: where images can't be read or there are fewer than 2.
    """
    image_set, real = read_image_sets(settings, image_size, channels, reporter)
    if real is None:
        reporter.say("no --reference given: scores are measured against the training images themselves")
    return make_run_images(settings, image_set, real, reporter, protocol)


def read_image_sets(
    settings: RunSettings, image_size: int, channels: int, reporter: Reporter
) -> tuple[ImageSet, ImageSet | None]:
    """(`ImageSet` to train on, `ImageSet` of `settings.reference` or None); see `read_run_images`."""
    arguments = (settings, image_size, channels, reporter)
    real = None
    image_set = read_image_set("data", settings.data, *arguments)
    if settings.reference is not None:
        with not_suggesting(settings.data):
            real = read_image_set("reference", settings.reference, *arguments)
    return image_set, real


def make_run_images(
    settings: RunSettings,
    image_set: ImageSet,
    real: ImageSet | None,
    reporter: Reporter,
    protocol: KidProtocol | None = None,
) -> RunImages:
    """`RunImages` of what `read_image_sets` gives, after extracting features."""
    tick = reporter.counter("features of the images")
    name = f"{settings.data} (the training images)"
    training = kid_protocol.make_reference(image_set.images, name, protocol, tick)
    labelled = settings.data_labels is not None
    if real is None:
        return RunImages(image_set, training, training, labelled=labelled)
    tick = reporter.counter("features of the reference")
    reference = kid_protocol.make_reference(real.images, settings.reference, protocol, tick)
    return RunImages(image_set, training, reference, real.digest, labelled=labelled)


def read_image_set(
    name: str, source: ImageSource, settings: RunSettings, image_size: int, channels: int, reporter: Reporter
) -> ImageSet:
    """Reads the `ImageSet` of one source. The reporter is told how many images there are and what may harm a training.

    Args:
        name: "data" or "reference", for errors.
        source: what `read_images` takes.
        settings: settings with resize_mode, background and data_labels, which are those of "data".
        image_size: side of the images in pixels.
        channels: 1 or 3.
        reporter: `Reporter`; shows the progress.

    Raises:
        UserError, UserFileError: where images can't be read or there are fewer than 2.
    """
    with checks.named(source=name, data=name):
        image_set = read_images(
            source, image_size, channels, resize_mode=settings.resize_mode, background=settings.background,
            labels=settings.data_labels if name == "data" else None, progress=reporter.counter(f"reading {source}"),
            cache_gb=_cache_gb(name, source, settings),
        )  # fmt: skip
    count, skipped = len(image_set.images), len(image_set.skipped)
    note = f"; {skipped} files skipped (see `ktg data check {source}`)" if skipped else ""
    reporter.say(f"{count} images in {source}{note}")
    if count < MIN_IMAGES:
        step = f"Put more images there, or give another folder with --{name}."
        raise checks.user_error(name, f"at least {MIN_IMAGES} usable images", f"{count} in {source}", step)
    if name == "data":
        if settings.data_labels is not None:
            image_set = join_columns(image_set)
            _check_labels(image_set, settings)
            reporter.say(f"{len(image_set.class_names)} classes: {describe_classes(image_set)}")
        if isinstance(image_set.images, LazyImages):
            reporter.say("they are decoded while they are shown; `ktg data check` looks at each of them")
        else:
            for line in data_warnings(image_set, settings.resize_mode):
                reporter.say(f"note: {line}")
    return image_set


def _cache_gb(name: str, source: ImageSource, settings: RunSettings) -> float | None:
    """What `read_images` takes as `cache_gb`: the setting for the images to learn, and for large folders without it."""
    if name == "data" and settings.cache_gb is not None:
        return settings.cache_gb
    return CACHE_GB if is_large(source) else None


def _check_labels(image_set: ImageSet, settings: RunSettings) -> None:
    """Refuses labels that no network can learn: classes without images; one class, unless a source may have others."""
    check_every_class(image_set)
    if len(image_set.class_names) < 2 and not hasattr(settings, "source"):
        step = f"All images are {image_set.class_names[0]!r}. Leave labels= (--labels) out."
        raise checks.user_error("labels", "labels of at least 2 classes", settings.data_labels, step)
