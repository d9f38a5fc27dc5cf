"""What reading a source gives: decoded images, where they come from, and what was left out."""

import dataclasses
import unicodedata

import numpy as np

from keras_transfer_gen import files

ESCAPED = ("Cc", "Cs", "Zl", "Zp")  # control characters, bytes that are no UTF-8, line and paragraph separators


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A file that is left out.

    Args:
        path: relative path.
        reason: why, in a few words.
    """

    path: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Original:
    """What an image was before it was fitted.

    Args:
        format: "JPEG", "PNG", ... or "array".
        mode: Pillow's name of the pixel format, such as "RGB", "LA", "I;16".
        width: in pixels, the right way up.
        height: in pixels, the right way up.
    """

    format: str
    mode: str
    width: int
    height: int


@dataclasses.dataclass(frozen=True, eq=False)
class ImageSet:
    """Decoded images of one size. Nothing here may be written to.

    Args:
        images: uint8 `[N, S, S, C]`; an `np.memmap` where they are too many for memory.
        labels: int32 `[N]`, index into `class_names`; None where the source has no classes.
        class_names: list of str.
        names: list of N str: relative paths, or numbers such as "00012".
        groups: int32 `[N]`, index of the folder in which an image lies; all zeros where there is only one.
        digest: hex SHA-256 over shape and pixels.
        skipped: list of `Skipped`, sorted by path.
        originals: list of N `Original`.
    """

    images: np.ndarray
    labels: np.ndarray | None
    class_names: list
    names: list
    groups: np.ndarray
    digest: str
    skipped: list
    originals: list

    def __len__(self):
        return len(self.images)


def digest_of(images):
    """Hex SHA-256 over the shape and the pixels of uint8 `[N, S, S, C]`."""
    return files.sha256(repr(tuple(images.shape)).encode(), images.reshape(-1) if images.size else b"")


def printable(name):
    r"""`name` on one line: line breaks, tabs, other control characters and broken bytes are escaped.

    Example:
        >>> printable("a\nb.png")
        'a\\nb.png'
    """
    return "".join(
        mark.encode("unicode_escape").decode("ascii") if unicodedata.category(mark) in ESCAPED else mark
        for mark in str(name)
    )
