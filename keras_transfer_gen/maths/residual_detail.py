"""The detail that a VAE loses of an image, added to the image after a change."""

from __future__ import annotations

import numpy as np

from keras_transfer_gen import checks, pixels


def check_detail(detail: float) -> float:
    """Returns the share as float, or raises a `UserError` outside of 0 to 1."""
    return checks.check_number("detail", detail, most=1.0, next_step="Such as --detail 0.5; 0 adds nothing.")


def add_detail(images: np.ndarray, plain: np.ndarray, changed: np.ndarray, detail: float) -> np.ndarray:
    """`changed + detail * (images - plain)`, rounded and clipped.

    The images of a VAE are soft. What its reconstruction lost of the original (texture, fine outlines) suits the
    changed image where that shows the same things.

    Args:
        images: uint8 `[N, S, S, C]`, the originals.
        plain: uint8 `[N, S, S, C]`, their plain reconstructions.
        changed: uint8 `[N, S, S, C]`, the images of the changed latents.
        detail: share of the lost detail that is added, from 0 to 1.

    Returns:
        uint8 `[N, S, S, C]`.

    Example:
        >>> full = np.full((1, 1, 1, 1), 100, np.uint8)
        >>> add_detail(full, full - 10, full + 50, 0.5).item()
        155
    """
    lost = images.astype(np.float32) - plain
    mixed = (changed + np.float32(detail) * lost) / np.float32(pixels.LEVELS) - 1.0
    return pixels.to_uint8(mixed).numpy()
