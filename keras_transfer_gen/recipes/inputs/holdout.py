"""ImageSet that a training never sees, so that its bound can be measured on them."""

import dataclasses

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.data.image_set import digest_of
from keras_transfer_gen.data.near_duplicates import group_alike
from keras_transfer_gen.recipes.inputs.run_images import Inputs, read_one
from keras_transfer_gen.recipes.scoring import kid_protocol

SHARE = 0.1
LEAST = 4  # held out, and learnt
VALIDATED = 20  # images to learn from which on some of them are put aside for validation


@dataclasses.dataclass(frozen=True)
class VaeImages:
    """What a VAE's run learns, is scored against and is measured on.

    Args:
        inputs: `Inputs` of images to learn and of the scores.
        validation: uint8 `[M, S, S, C]`, not learnt either: what the best weights are chosen by; none of few images.
        held: uint8 `[N, S, S, C]`, not learnt: what the reported bound is measured on, and nothing is chosen by.
        name: what they are, for the reader of the bound.
    """

    inputs: Inputs
    validation: np.ndarray
    held: np.ndarray
    name: str

    @property
    def seen(self):
        """ImageSet to learn and to validate with, uint8: all that a prior may be fitted to."""
        learnt = self.inputs.image_set.images  # may be too many to copy
        return np.concatenate([learnt, self.validation]) if len(self.validation) else learnt

    @property
    def not_learnt(self):
        """What a source's scale of errors is taken of, uint8: those for validation, or else those yet to be learnt."""
        return self.validation if len(self.validation) else self.inputs.image_set.images


def read_vae_images(settings, image_size, channels, reporter, validated=False):
    """Reads the images of a VAE's run; without a reference of its own a tenth of them is held out.

    Where it is asked for, and from 20 images on, a tenth of the rest, at least 4, is put aside to choose weights by.

    Args:
        settings: `FineTuneVaeSettings`, or others with data, reference, seed, resize_mode and background.
        image_size: side of the images.
        channels: 1 or 3.
        reporter: told of the progress.
        validated: whether images are put aside for validation.

    Returns:
        `VaeImages`.

    Raises:
        UserError, UserFileError: where images can't be read or are too few.
    """
    image_set = read_one("data", settings.data, settings, image_size, channels, reporter)
    real = None
    if settings.reference is not None:
        real = read_one("reference", settings.reference, settings, image_size, channels, reporter)
    learn, held, name = image_set, None if real is None else real.images, settings.reference
    if real is None:
        learn, held = split(image_set, settings.seed)
        name = f"{len(held)} images of {settings.data}, held out"
        reporter.say(
            f"no --reference given: the bound is measured on {len(held)} images that are kept out of training, and "
            "KID against the training images themselves"
        )
    validation = held[:0]
    if validated and len(learn) >= VALIDATED:
        learn, validation = split(learn, settings.seed)
    tick = reporter.counter("features of the images")
    learnt = kid_protocol.make_reference(learn.images, f"{settings.data} (the training images)", progress=tick)
    if real is None:
        return VaeImages(Inputs(learn, learnt, learnt), validation, held, name)
    tick = reporter.counter("features of the reference")
    reference = kid_protocol.make_reference(real.images, settings.reference, progress=tick)
    return VaeImages(Inputs(learn, learnt, reference, real.digest), validation, held, name)


def split(image_set, seed=0, share=SHARE):
    """ImageSet to learn and images to hold out, drawn by the seed in groups of like images (`data.alike`).

    A motif in several colours, or a burst of photographs, would else stand on both sides, and what was learnt by heart
    would look like what was understood.

    Args:
        image_set: `ImageSet`.
        seed: non-negative integer.
        share: of the images that is held out, but at least `LEAST` of them.

    Returns:
        (`ImageSet`, uint8 `[N, S, S, C]`).

    Raises:
        UserError: where fewer than `LEAST` would be left to learn.
    """
    count = len(image_set)
    wanted = max(LEAST, round(share * count))
    if count - wanted < LEAST:
        hint = f"{LEAST} are kept out of training. Give more, or others to measure on with --reference (reference=)."
        raise checks.user_error("data", f"at least {2 * LEAST} usable images without a reference", count, hint)
    groups, out = group_alike(image_set.images), []
    for group in np.random.default_rng(seed).permutation(groups.max() + 1):
        members = np.flatnonzero(groups == group)
        if len(members) <= wanted - len(out):  # exactly as many as are wanted, if the sizes allow it
            out.extend(members)
    rest = np.setdiff1d(np.arange(count), out)
    out.extend(rest[: wanted - len(out)])
    kept = np.setdiff1d(np.arange(count), out)
    out = np.sort(out)
    images = np.asarray(image_set.images)[kept]
    learn = dataclasses.replace(
        image_set, images=images, digest=digest_of(images),
        labels=None if image_set.labels is None else image_set.labels[kept],
        names=[image_set.names[number] for number in kept],
        groups=np.unique(image_set.groups[kept], return_inverse=True)[1].astype(np.int32),  # some may be held out whole
        originals=[image_set.originals[number] for number in kept],
    )  # fmt: skip
    return learn, np.asarray(image_set.images)[out]
