"""A very large folder -> what a training needs of an `ImageSet`, without listing or decoding everything first."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keras_transfer_gen import checks, files
from keras_transfer_gen.data.bounded_cache import BoundedCache
from keras_transfer_gen.data.folder_index import FolderIndex, count_files
from keras_transfer_gen.data.grouping import group_by_folder
from keras_transfer_gen.data.image_set import ImageSet
from keras_transfer_gen.data.lazy_images import LazyImages

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.data.decode import Frame
    from keras_transfer_gen.data.image_set import Skipped


LARGE = 50_000  # files, from which on a folder is read while training
CACHE_GB = 20.0  # of decoded images, unless it is said how many


def is_large(source: object) -> bool:
    """Whether a source is a folder that is read while training unless it is said otherwise (bool)."""
    try:
        return isinstance(source, (str, Path)) and Path(source).is_dir() and count_files(source, LARGE) >= LARGE
    except (OSError, ValueError):  # a name that no folder can have
        return False


def read_large_folder(
    source: PathLike, frame: Frame, cache_gb: float | None = None, cache_dir: PathLike | None = None
) -> LazyImageSet:
    """`LazyImageSet` of a folder; returns as soon as there is one file.

    Args:
        source: path of an existing folder.
        frame: `decode.Frame`.
        cache_gb: gigabytes of decoded images that are kept on disk; 0 keeps none; None: `CACHE_GB`.
        cache_dir: folder of the caches; the user's cache by default.

    Raises:
        UserError: where no file looks like an image.
    """
    source = Path(source).expanduser()
    index = FolderIndex(source)
    cache_gb = CACHE_GB if cache_gb is None else cache_gb
    store = None
    if cache_gb:
        root = files.cache_folder("pictures") if cache_dir is None else Path(cache_dir)
        key = files.sha256(str(source.resolve()).encode("utf-8", "surrogateescape"), repr(frame.shape).encode())
        try:
            store = BoundedCache(root / f"bounded-{key[:32]}", frame.shape, cache_gb)
        except OSError:  # read-only: the work goes on without a cache
            store = None
    if not index.wait_for(1):
        raise checks.UserError(f"no usable image in {source}: no name ends as that of an image. Check data= (--data).")
    return LazyImageSet(LazyImages(index, frame, store))


class LazyImageSet:
    """What `ImageSet` is, as far as it is asked for: names, groups and classes wait until all files are listed.

    Args:
        images: `LazyImages` of all files.
    """

    originals = ()
    more_labels: ClassVar[dict] = {}

    def __init__(self, images: LazyImages) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    @property
    def names(self) -> Sequence[str]:
        """Sequence of relative paths."""
        return self.images.index

    @property
    def skipped(self) -> list[Skipped]:
        """list of `Skipped`: files that could not be used so far, and folders."""
        return [*self.images.index.skipped, *self.images.skipped]

    @property
    def hidden(self) -> list[str]:
        """list of str: what is not looked at."""
        return sorted(self.images.index.hidden)

    @functools.cached_property
    def _grouped(self) -> tuple[np.ndarray, np.ndarray | None, list[str]]:
        return group_by_folder(list(self.names))

    @property
    def groups(self) -> np.ndarray:
        """int32 `[N]`, the number of the folder that an image is in."""
        return self._grouped[0]

    @property
    def labels(self) -> np.ndarray | None:
        """int32 `[N]`, by the folders of the first level; None where there are none."""
        return self._grouped[1]

    @property
    def class_names(self) -> list[str]:
        """list of str: names of the classes."""
        return self._grouped[2]

    @functools.cached_property
    def digest(self) -> str:
        """Hex SHA-256 over the names of all files; what is in them is not read for it."""
        return files.sha256(repr(self.images.frame).encode(), "\0".join(self.names).encode("utf-8", "surrogateescape"))

    def listed(self) -> ImageSet:
        """The `ImageSet` with all that is known once every file is listed; its images stay lazy."""
        groups, labels, class_names = self._grouped
        return ImageSet(
            images=self.images, labels=labels, class_names=class_names, names=list(self.names), groups=groups,
            digest=self.digest, skipped=self.skipped, originals=[], hidden=self.hidden,
        )  # fmt: skip

    def subset(self, numbers: Sequence[int] | np.ndarray) -> ImageSet:
        """The `ImageSet` of the images with these numbers; its images stay lazy."""
        return self.listed().subset(numbers)

    def describe_skipped(self, shown: int = 3) -> str:
        """As that of `ImageSet`, of what was skipped so far."""
        return _notes(self).describe_skipped(shown)

    def describe_hidden(self, shown: int = 5) -> str:
        """As that of `ImageSet`."""
        return _notes(self).describe_hidden(shown)


def _notes(image_set: LazyImageSet) -> ImageSet:
    """An `ImageSet` without images that holds what was left out."""
    none = np.zeros((0, *image_set.images.frame.shape), np.uint8)
    return ImageSet(
        images=none, labels=None, class_names=[], names=[], groups=np.zeros(0, np.int32), digest="",
        skipped=image_set.skipped, originals=[], hidden=image_set.hidden,
    )  # fmt: skip
