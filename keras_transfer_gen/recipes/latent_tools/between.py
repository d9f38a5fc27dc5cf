"""Latents between two others: the way from one image to another in any space of any model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.maths.latent_arithmetic import spherical_interpolation
from keras_transfer_gen.recipes.latent_tools.latent_space import STYLES

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.latent_tools.latent_space import LatentSpace


def latents_between(space: LatentSpace, start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    """The latent at a share of the way from one to another: on an arc, of styles on a straight line.

    Args:
        space: `LatentSpace`.
        start: float32 `[*shape]` of the space.
        end: the same.
        share: from 0 (the start) to 1 (the end).

    Returns:
        float32 `[*shape]`.

    Raises:
        UserError: for a share out of range, and for latents between which there is no arc.
    """
    share = checks.check_number("share", share, least=0.0, most=1.0, next_step="Such as 0.5 for the middle.")
    if space.name == STYLES:
        return ((1.0 - share) * start + share * end).astype(np.float32)
    return spherical_interpolation(start, end, [share])[0]
