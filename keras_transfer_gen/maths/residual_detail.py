"""What a VAE loses of an image, put back after the image was changed."""

import numpy as np

from keras_transfer_gen import checks, pixels


def check_detail(detail):
    """Returns the share as float, or raises a `UserError` outside of 0 to 1."""
    return checks.check_number("detail", detail, most=1.0, next_step="Such as --detail 0.5; 0 puts nothing back.")


def with_detail(images, plain, changed, detail):
    """Puts back what a VAE loses: `changed + detail * (images - plain)`, rounded and clipped.

    A VAE's images are soft. What it lost of the original, its texture and fine outlines, fits the changed image as
    far as that has the same content.

    Args:
        images: uint8 `[N, S, S, C]`, the originals.
        plain: uint8, their plain reconstructions.
        changed: uint8, what their latents became.
        detail: share from 0 to 1.

    Returns:
        uint8 `[N, S, S, C]`.

    Example:
        >>> full = np.full((1, 1, 1, 1), 100, np.uint8)
        >>> with_detail(full, full - 10, full + 50, 0.5).item()
        155
    """
    lost = images.astype(np.float32) - plain
    mixed = (changed + np.float32(detail) * lost) / np.float32(pixels.LEVELS) - 1.0
    return pixels.to_uint8(mixed).numpy()
