"""What a source holds, before anything is trained on it: sizes, modes, duplicates, and the files that are skipped."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.data import decode
from keras_transfer_gen.data.image_set import ImageSet, count_of, printable
from keras_transfer_gen.data.labels import label_images
from keras_transfer_gen.data.sources import describe_source, gather_images
from keras_transfer_gen.deprecation import renamed_arguments

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Colour, ImageSource, LabelSource, PathLike, Progress
    from keras_transfer_gen.data.decode import Frame
    from keras_transfer_gen.data.image_set import Skipped


FEW_IMAGES = 50  # with fewer images a generator copies them rather than learning from them
GREY = ("1", "L", "LA", "I", "F")  # Pillow's modes without colour; "I;16" and the like count as "I"
LONG_RATIO = 2.0  # of the sides, from which on a square crop drops half of the image or more


@dataclasses.dataclass(frozen=True, eq=False)
class Audit:
    """What `audit_images` finds.

    Args:
        source: the source in a few words.
        image_set: `ImageSet` of the usable images, possibly none.
        folders: dict of folder -> usable images in it ("." is the source itself).
        sizes: dict of "WIDTHxHEIGHT" -> images, most frequent first.
        modes: dict of Pillow mode -> images.
        formats: dict of format -> images.
        smallest: shortest side of an image in pixels; 0 where there is none.
        largest: longest side of an image in pixels; 0 where there is none.
        duplicates: list of lists of names whose resized pixels are the same.
        warnings: list of sentences.
        classes: dict of class -> usable images of it, where labels were asked for.
    """

    source: str
    image_set: ImageSet
    folders: dict
    sizes: dict
    modes: dict
    formats: dict
    smallest: int
    largest: int
    duplicates: list
    warnings: list
    classes: dict = dataclasses.field(default_factory=dict)

    @property
    def usable(self) -> int:
        """How many images can be used."""
        return len(self.image_set)

    @property
    def skipped(self) -> list[Skipped]:
        """list of `Skipped`, sorted by path."""
        return self.image_set.skipped

    @property
    def hidden(self) -> list[str]:
        """list of str: the hidden files and folders, which are not looked at; a folder ends with "/"."""
        return self.image_set.hidden

    def skipped_lines(self) -> list[str]:
        """One line for each skipped file: relative path, tab, reason; line breaks and tabs in a name are escaped."""
        return [f"{printable(file.path)}\t{printable(file.reason)}" for file in self.skipped]

    def hidden_line(self) -> str:
        """A line that counts the hidden files and names the first ones; "" where there are none."""
        hidden = self.image_set.describe_hidden()
        return f"not looked at: {hidden}" if hidden else ""

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict of everything but the images themselves."""
        return {
            "source": self.source,
            "usable": self.usable,
            "classes": {printable(name): count for name, count in self.classes.items()},
            "folders": {printable(name): count for name, count in self.folders.items()},
            "sizes": self.sizes,
            "modes": self.modes,
            "formats": self.formats,
            "smallest": self.smallest,
            "largest": self.largest,
            "duplicates": [[printable(name) for name in group] for group in self.duplicates],
            "skipped": [{"path": printable(file.path), "reason": printable(file.reason)} for file in self.skipped],
            "hidden": [printable(name) for name in self.hidden],
            "warnings": self.warnings,
            "digest": self.image_set.digest,
        }


@renamed_arguments(fit="resize_mode")
def audit_images(
    source: ImageSource,
    image_size: int = 64,
    channels: int = 3,
    *,
    resize_mode: str = "crop",
    background: Colour = "white",
    labels: LabelSource | None = None,
    cache_dir: PathLike | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Looks through a source and counts what is in it.

    Args:
        source: what `read_images` takes: a folder, .zip, .npz, .npy, array, list, dataset or "tfds:NAME".
        image_size: side of the images, pixels, as a training would read them.
        channels: 1 (grey) or 3 (RGB).
        resize_mode: "crop" or "pad", as in `read_images`.
        background: colour under transparent pixels and beside padded images.
        labels: where the labels come from, as in `read_images`; the images of each class are counted.
        cache_dir: folder of the decoded images; the user's cache by default.
        progress: function `(done, total) -> None`, called after each image.

    Returns:
        `Audit`; one without a usable image is no error here.

    Raises:
        UserError, UserFileError: where the source can't be opened at all.

    Example:
        >>> audit_images(np.zeros([2, 64, 64, 3], np.uint8)).duplicates
        [['00000', '00001']]
    """
    frame = decode.Frame(image_size, channels, resize_mode, background)
    image_set = gather_images(source, frame, cache_dir, progress)
    if len(image_set):
        image_set = label_images(image_set, labels, source)
    sides = [(original.width, original.height) for original in image_set.originals]
    duplicates = find_duplicates(image_set)
    return Audit(
        source=describe_source(source),
        image_set=image_set,
        folders=dict(sorted(collections.Counter(_folder(name) for name in image_set.names).items())),
        sizes=_counted(f"{width}x{height}" for width, height in sides),
        modes=_counted(original.mode for original in image_set.originals),
        formats=_counted(original.format for original in image_set.originals),
        smallest=min((min(pair) for pair in sides), default=0),
        largest=max((max(pair) for pair in sides), default=0),
        duplicates=duplicates,
        classes=_class_counts(image_set) if labels is not None else {},
        warnings=find_warnings(image_set, frame, duplicates),
    )


def find_duplicates(image_set: ImageSet) -> list[list[str]]:
    """Lists of the names of images with the same pixels, in the order in which they appear."""
    alike = collections.defaultdict(list)
    for name, image in zip(image_set.names, image_set.images, strict=True):
        alike[hashlib.sha256(np.ascontiguousarray(image).data).digest()].append(name)
    return [names for names in alike.values() if len(names) > 1]


def find_warnings(image_set: ImageSet, frame: Frame, duplicates: list[list[str]] | None = None) -> list[str]:
    """What may harm a training on these images.

    Args:
        image_set: `ImageSet`.
        frame: `decode.Frame` that it was read for.
        duplicates: of `find_duplicates`; found here where they are None.

    Returns:
        list of sentences, without a full stop.
    """
    duplicates = find_duplicates(image_set) if duplicates is None else duplicates
    sides = [(original.width, original.height) for original in image_set.originals]
    small = sum(min(pair) < frame.image_size for pair in sides)
    long = sum(max(pair) >= LONG_RATIO * min(pair) for pair in sides)
    repeated = sum(len(names) - 1 for names in duplicates)
    grey = sum(original.mode.split(";")[0] in GREY for original in image_set.originals)
    warnings = []
    if image_set.skipped:
        warnings.append(f"{count_of(len(image_set.skipped), 'file')} skipped")
    if not len(image_set):
        warnings.append("no usable image")
    elif len(image_set) < FEW_IMAGES:
        warnings.append(f"only {count_of(len(image_set), 'image')}: a GAN may copy them")
    if small:
        warnings.append(f"{_images_are(small)} smaller than {frame.image_size} px and will be enlarged")
    if repeated:
        warnings.append(count_of(repeated, "exact duplicate"))
    if long and frame.resize_mode == "crop":
        warnings.append(
            f"{_images_are(long)} at least twice as long as wide, and the crop drops half or more of each: "
            'resize_mode="pad" (--resize-mode pad) keeps all of it'
        )
    if 0 < grey < len(image_set) and frame.channels == 3:
        warnings.append(f"{_images_are(grey)} grey among coloured ones")
    return warnings


def _class_counts(image_set: ImageSet) -> dict[str, int]:
    counts = np.bincount(image_set.labels, minlength=len(image_set.class_names)).tolist()
    return dict(zip(image_set.class_names, counts, strict=True))


def _counted(values: Iterable[Any]) -> dict[str, int]:
    return dict(collections.Counter(values).most_common())


def _folder(name: str) -> str:
    return name.rpartition("/")[0] or "."


def _images_are(count: int) -> str:
    return f"{count_of(count, 'image')} {'is' if count == 1 else 'are'}"
