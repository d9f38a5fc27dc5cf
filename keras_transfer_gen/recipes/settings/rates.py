"""How fast the generator of a fine-tune learns beside its discriminator.

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
        blended: whether the generator blends known images, of which the most similar were chosen.

    Returns:
        float; None where the method's own ratio holds.
    """
    if settings.g_lr_ratio is not None or settings.method != "full":
        return settings.g_lr_ratio
    if blended:
        return defaults.BLENDED_RATIO
    return defaults.NEAR_RATIO if distance < defaults.FAR else defaults.FAR_RATIO
