"""How fast the generator of a fine-tune learns beside its discriminator, and over how long it is averaged.

A discriminator that sees few images soon knows them, and one that learns as fast as the generator wins too early. The
farther the images lie from the source, the farther the generator has to go before that happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_transfer_gen.recipes.settings import defaults

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings


def resolve_g_lr_ratio(settings: FineTuneSettings, distance: float, blended: bool = False) -> float | None:
    """The ratio that suits the images, unless the settings hold one or the method has its own.

    Args:
        settings: `FineTuneSettings`.
        distance: KID x 1000 of the images to the source's own.
        blended: whether the generator blends known images.

    Returns:
        float; None where the method's own ratio holds.
    """
    if settings.g_lr_ratio is not None or settings.method != "full":
        return settings.g_lr_ratio
    near, far = defaults.NEAR_RATIO, defaults.FAR_RATIO
    if blended:
        near, far = defaults.BLENDED_RATIO, defaults.FAR_BLENDED_RATIO
    return near if distance < defaults.FAR else far


def resolve_ema_rampup(settings: FineTuneSettings, distance: float, chosen: bool = False) -> float:
    """The half-life of the averaged generator, as a share of the images shown: what the settings hold, or what suits.

    A source that blends known images, of which the most similar were chosen, is good before it is trained. Each state
    of its training adds other errors, so the average over the whole run is better than one over its end. It is not good
    for images that are far from it.

    Args:
        settings: `FineTuneSettings`.
        distance: KID x 1000 of the images to the source's own.
        chosen: whether the generator blends known images that were chosen, as those of a source without classes are.
    """
    if settings.ema_rampup is not None:
        return settings.ema_rampup
    good = chosen and settings.latent_selection_kimg and distance < defaults.FAR
    return defaults.BLENDED_EMA_RAMPUP if good else defaults.EMA_RAMPUP
