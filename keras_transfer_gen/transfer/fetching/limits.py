"""Limits for models from the web and for archives: downloaded bytes, unpacked bytes, files. Standard library alone."""

from __future__ import annotations

import dataclasses
import os

from keras_transfer_gen import checks

GIB = 2**30
VARIABLE = "KTG_MAX_DOWNLOAD_GB"
DOWNLOAD_GIB = 4.0
UNPACKED_FACTOR = 4


@dataclasses.dataclass(frozen=True)
class Limits:
    """What is refused; checked by counting the bytes that arrive, not by what a header states.

    Args:
        download: most bytes of an archive.
        unpacked: most bytes that it may unpack to.
        members: most files and folders in it.
        ratio: the most times that an archive may grow, from `ratio_from` unpacked bytes on. Packing hardly makes
            weights smaller, so an archive that grows this much holds no model.
        ratio_from: bytes; see `ratio`.
    """

    download: int = int(DOWNLOAD_GIB * GIB)
    unpacked: int = int(DOWNLOAD_GIB * UNPACKED_FACTOR * GIB)
    members: int = 100_000
    ratio: int = 200
    ratio_from: int = 256 * 2**20


def limits_from_environment() -> Limits:
    """`Limits` with the download limited by `$KTG_MAX_DOWNLOAD_GB` (in 2^30 bytes; 4 by default).

    The unpacked files may have four times as many bytes.

    Returns:
        `Limits`.

    Raises:
        UserError: where the variable holds no number above 0.

    Example:
        >>> limits_from_environment().members
        100000
    """
    text = os.environ.get(VARIABLE, "").strip() or DOWNLOAD_GIB
    step = f"Set the environment variable to a number such as {VARIABLE}=8, or unset it."
    try:
        size = float(text)
    except ValueError as error:
        raise checks.user_error(VARIABLE, "a number above 0, in units of 2^30 bytes", text, step) from error
    download = int(checks.check_number(VARIABLE, size, above=True, next_step=step) * GIB)
    return Limits(download=download, unpacked=download * UNPACKED_FACTOR)


def in_words(size: int) -> str:
    """A number of bytes for a message, such as "1.5 GiB" or "12 KiB"."""
    for unit, bytes_each in (("GiB", GIB), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= bytes_each:
            return f"{size / bytes_each:.3g} {unit}"
    return f"{size:,} bytes"
