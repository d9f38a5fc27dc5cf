"""What a training learns and what it is scored against, read once at its beginning."""

import dataclasses

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.data.image_set import ImageSet
from keras_transfer_gen.data.sources import read_images
from keras_transfer_gen.recipes.scoring import kid_protocol

LEAST_IMAGES = 2  # KID compares pairs


@dataclasses.dataclass(frozen=True)
class Inputs:
    """ImageSet of a run.

    Args:
        image_set: `ImageSet` to learn.
        learnt: `scores.Reference` of the images to learn, at most 1,000: what the curve on the way and near-copies
            are measured against, never a score that is reported beside one with a reference of its own.
        reference: `scores.Reference` of the scores that are reported.
        reference_digest: content hash of the images of a reference of its own, or None.
    """

    image_set: ImageSet
    learnt: kid_protocol.Reference
    reference: kid_protocol.Reference
    reference_digest: str | None = None

    def floor(self):
        """Score of the training images themselves, or None where they are the reference."""
        if self.reference is self.learnt:
            return None
        features = self.learnt.features
        if len(features) > kid_protocol.NUM_FAKES:
            order = np.random.default_rng(kid_protocol.SEED).permutation(len(features))
            features = features[order[: kid_protocol.NUM_FAKES]]
        return kid_protocol.score_features(features, self.reference)


def read_inputs(settings, image_size, channels, reporter):
    """Reads the images of a run and takes their features.

    Args:
        settings: `TrainSettings`.
        image_size: side of the images.
        channels: 1 or 3.
        reporter: told of the progress.

    Returns:
        `Inputs`.

    Raises:
        UserError, UserFileError: where images can't be read or there are fewer than 2.
    """
    image_set = read_one("data", settings.data, settings, image_size, channels, reporter)
    real = None
    if settings.reference is not None:
        real = read_one("reference", settings.reference, settings, image_size, channels, reporter)
    tick = reporter.counter("features of the images")
    learnt = kid_protocol.make_reference(image_set.images, f"{settings.data} (the training images)", progress=tick)
    if real is None:
        reporter.say("no --reference given: scores are taken against the training images themselves")
        return Inputs(image_set, learnt, learnt)
    tick = reporter.counter("features of the reference")
    reference = kid_protocol.make_reference(real.images, settings.reference, progress=tick)
    return Inputs(image_set, learnt, reference, real.digest)


def read_one(name, source, settings, image_size, channels, reporter):
    """`ImageSet` of one source, after saying how many there are; at least 2."""
    with checks.named(source=name, data=name):
        image_set = read_images(
            source, image_size, channels, resize_mode=settings.resize_mode, background=settings.background,
            progress=reporter.counter(f"reading {source}"),
        )  # fmt: skip
    count, skipped = len(image_set.images), len(image_set.skipped)
    left_out = f"; {skipped} files skipped (see `ktg data check {source}`)" if skipped else ""
    reporter.say(f"{count} images in {source}{left_out}")
    if count < LEAST_IMAGES:
        hint = f"Put more images there, or give another folder with --{name}."
        raise checks.user_error(name, f"at least {LEAST_IMAGES} usable images", f"{count} in {source}", hint)
    return image_set
