"""What reading a source gives: decoded images, where each comes from, and which files were skipped."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen import files

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.data.lazy_images import LazyImages


ESCAPED = ("Cc", "Cs", "Zl", "Zp")  # control characters, bytes that are no UTF-8, line and paragraph separators


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A file that can't be used.

    Args:
        path: relative path.
        reason: why, in a few words.
    """

    path: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Original:
    """What an image was before it was resized.

    Args:
        format: "JPEG", "PNG", ..., or "array" where there was no file.
        mode: Pillow's name of the pixel format, such as "RGB", "LA", "I;16".
        width: in pixels, the right way up.
        height: in pixels, the right way up.
    """

    format: str
    mode: str
    width: int
    height: int


@dataclasses.dataclass(frozen=True, eq=False)
class LabelColumn:
    """One kind of labels of images, such as their style.

    Args:
        numbers: int32 `[N]`, index into `names`.
        names: list of str, sorted.
    """

    numbers: np.ndarray
    names: list


@dataclasses.dataclass(frozen=True, eq=False)
class ImageSet:
    """Decoded images of one size, with what is known of each. `read_images` returns one.

    All lists and arrays have the order of `names`. Nothing in it may be written to: others share it.

    Args:
        images: uint8 `[N, S, S, C]`; an `np.memmap` where they are too many for memory, `LazyImages` where they are
            decoded when they are asked for.
        labels: int32 `[N]`, index into `class_names`; None where the source has no classes.
        class_names: list of str: the names of sub-folders, or those that a dataset or a file of labels gives.
        names: list of N str: relative paths, or numbers such as "00012" where there are no files.
        groups: int32 `[N]`, the number of the folder that an image is in; all zeros where there is only one. The class
            where labels come from a file or an array.
        digest: hex SHA-256 over shape and pixels: equal images in the same order have the same digest.
        skipped: list of `Skipped`, sorted by path: files that can't be used.
        originals: list of N `Original`: the images before they were resized.
        hidden: list of str: files and folders that are not looked at, since they begin with a dot or belong to the
            operating system.
        more_labels: dict of name -> `LabelColumn`: the columns of a CSV beside `label`, such as "style".

    Example:
        >>> from keras_transfer_gen.data.sources import read_images
        >>> image_set = read_images(np.zeros([2, 64, 64, 3], np.uint8))
        >>> len(image_set), image_set.images.shape, image_set.names
        (2, (2, 64, 64, 3), ['00000', '00001'])
    """

    images: np.ndarray | LazyImages
    labels: np.ndarray | None
    class_names: list
    names: list
    groups: np.ndarray
    digest: str
    skipped: list
    originals: list
    hidden: list = dataclasses.field(default_factory=list)
    more_labels: dict = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, numbers: Sequence[int] | np.ndarray) -> ImageSet:
        """The `ImageSet` of the images with these numbers, in their order; classes keep their numbers and names.

        Args:
            numbers: integers `[M]`.
        """
        numbers = np.asarray(numbers, np.int64)
        take = getattr(self.images, "subset", None)  # of `LazyImages`, whose names stand for what is in them
        images = np.asarray(self.images)[numbers] if take is None else take(numbers)
        digest = digest_of(images) if take is None else files.sha256(self.digest.encode(), numbers)
        more = {
            name: dataclasses.replace(column, numbers=column.numbers[numbers])
            for name, column in self.more_labels.items()
        }
        return dataclasses.replace(
            self, images=images, digest=digest, more_labels=more,
            labels=None if self.labels is None else self.labels[numbers],
            names=[self.names[number] for number in numbers],
            groups=np.unique(self.groups[numbers], return_inverse=True)[1].astype(np.int32),  # without gaps
            originals=[self.originals[number] for number in numbers] if self.originals else [],
        )  # fmt: skip

    def describe_skipped(self, shown: int = 3) -> str:
        """The skipped files in one sentence, with the first reasons; "" where there are none.

        Args:
            shown: how many files are named.

        Returns:
            str, such as "2 files skipped: a.png (empty file), notes.txt (not an image: .txt)".
        """
        if not self.skipped:
            return ""
        named = [f"{printable(file.path)} ({file.reason})" for file in self.skipped[:shown]]
        more = ", ..." if len(self.skipped) > shown else ""
        return f"{count_of(len(self.skipped), 'file')} skipped: {', '.join(named)}{more}"

    def describe_hidden(self, shown: int = 5) -> str:
        """The number of hidden files and folders, with the first names; "" where there are none.

        Args:
            shown: how many are named.

        Returns:
            str, such as "2 hidden files and folders (.git/, .a.png)".
        """
        if not self.hidden:
            return ""
        folders = sum(name.endswith("/") for name in self.hidden)
        nouns = {0: "files", len(self.hidden): "folders"}.get(folders, "files and folders")
        if len(self.hidden) == 1:
            nouns = nouns.removesuffix("s")
        names = [printable(name) for name in self.hidden[:shown]] + ["..."] * (len(self.hidden) > shown)
        return f"{len(self.hidden):,} hidden {nouns} ({', '.join(names)})"


def count_of(count: int, noun: str) -> str:
    """A number and its noun, such as "1 file" or "3 files"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def numbered_names(count: int) -> list[str]:
    """Names of images that are in no files: "00000", "00001", ..."""
    return [f"{index:05d}" for index in range(count)]


def digest_of(images: np.ndarray) -> str:
    """Hex SHA-256 over the shape and the pixels of uint8 `[N, S, S, C]`."""
    return files.sha256(repr(tuple(images.shape)).encode(), images.reshape(-1) if images.size else b"")


def printable(name: PathLike) -> str:
    r"""`name` on one line: line breaks, tabs, other control characters and broken bytes are escaped.

    Example:
        >>> printable("a\nb.png")
        'a\\nb.png'
    """
    return "".join(
        mark.encode("unicode_escape").decode("ascii") if unicodedata.category(mark) in ESCAPED else mark
        for mark in str(name)
    )
