"""How fast the generator of a fine-tune learns beside its discriminator.

A discriminator that sees few images soon knows them, and one that learns as fast as the generator wins too early. The
farther the images lie from the source, the farther the generator has to go before that happens.
"""

import dataclasses

from keras_transfer_gen.recipes.scoring.distance import FAR

NEAR_RATIO, FAR_RATIO = 4.0, 8.0  # the generator's rate as a multiple of the discriminator's, below and from `FAR` on
SCRATCH_RATES = (3.2e-3, 4e-4)  # of a run from scratch to compare with: the generator's, the discriminator's


def resolve_g_lr_ratio(settings, distance):
    """The settings with the ratio that suits the images, unless it is given or the method has one of its own.

    Args:
        settings: `FineTuneSettings`.
        distance: KID x 1000 of the images to the source's own.

    Returns:
        `FineTuneSettings`.
    """
    if settings.g_lr_ratio is not None or settings.method != "full":
        return settings
    return dataclasses.replace(settings, g_lr_ratio=NEAR_RATIO if distance < FAR else FAR_RATIO)
