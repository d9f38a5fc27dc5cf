"""Images that a VAE is not trained on: a holdout to measure its ELBO on, and a validation part to choose weights by."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.data.near_duplicates import group_alike
from keras_transfer_gen.recipes.inputs.run_images import make_run_images, read_image_sets

if TYPE_CHECKING:
    from keras_transfer_gen.data.image_set import ImageSet
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.scoring.kid_protocol import KidProtocol
    from keras_transfer_gen.recipes.settings.shared import RunSettings


SHARE = 0.1  # of the images, for the holdout; of the rest, for validation
MIN_PART = 4  # images in each part
MIN_VALIDATED = 20  # images to train on from which on some of them are for validation


def read_with_holdout(
    settings: RunSettings,
    image_size: int,
    channels: int,
    reporter: Reporter,
    validated: bool = False,
    protocol: KidProtocol | None = None,
) -> RunImages:
    """Reads the images of a VAE's run. Without a reference, a tenth of the images is the holdout.

    Args:
        settings: settings with data, reference, seed, resize_mode and background.
        image_size: side of the images in pixels.
        channels: 1 or 3.
        reporter: `Reporter`; shows the progress.
        validated: whether a tenth of the rest, at least 4 images, is for validation; from 20 images on.
        protocol: `KidProtocol`, or None for the default.

    Returns:
        `RunImages`.

    Raises:
        UserError, UserFileError: where images can't be read or are too few.
    """
    image_set, real = read_image_sets(settings, image_size, channels, reporter)
    if real is not None:
        holdout, name = real.images, settings.reference
    else:
        image_set, holdout = split_holdout(image_set, settings.seed)
        name = f"{len(holdout)} images of {settings.data}, held out"
        reporter.say(
            f"no --reference given: likelihoods are measured on {len(holdout)} images that are not trained on, and KID "
            "against the training images themselves"
        )
    validation = holdout[:0]
    if validated and len(image_set) >= MIN_VALIDATED:
        image_set, validation = split_holdout(image_set, settings.seed)
    images = make_run_images(settings, image_set, real, reporter, protocol)
    return dataclasses.replace(images, holdout=holdout, holdout_name=name, validation=validation)


def holdout_count(count: int) -> int:
    """How many of `count` images `split_holdout` takes out (int)."""
    return max(MIN_PART, round(SHARE * count))


def split_holdout(image_set: ImageSet, seed: int = 0) -> tuple[ImageSet, np.ndarray]:
    """Splits images into those to train on and a tenth, at least 4, that is held out.

    Similar images stay on one side (`data.near_duplicates`): of a motif in several colours, or a burst of photographs,
    a model that has seen one image knows the others.

    Args:
        image_set: `ImageSet`.
        seed: of the choice.

    Returns:
        (`ImageSet` to train on, uint8 `[N, S, S, C]`).

    Raises:
        UserError: where fewer than 4 would be left to train on.
    """
    count = len(image_set)
    wanted = holdout_count(count)
    if count - wanted < MIN_PART:
        step = f"{MIN_PART} are not trained on. Give more, or others to measure on with reference= (--reference)."
        raise checks.user_error("data", f"at least {2 * MIN_PART} usable images without a reference", count, step)
    groups = group_alike(image_set.images)
    chosen: list[int] = []
    for group in np.random.default_rng(seed).permutation(groups.max() + 1):
        members = np.flatnonzero(groups == group)
        if len(members) <= wanted - len(chosen):  # exactly as many as are wanted, if the sizes allow it
            chosen.extend(members)
    others = np.setdiff1d(np.arange(count), chosen)
    numbers = np.sort([*chosen, *others[: wanted - len(chosen)]])
    return image_set.subset(np.setdiff1d(np.arange(count), numbers)), np.asarray(image_set.images)[numbers]
