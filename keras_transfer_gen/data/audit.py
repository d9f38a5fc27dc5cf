"""What a source holds, before anything is trained on it: sizes, modes, duplicates, and what is left out and why."""

import collections
import dataclasses
import hashlib

import numpy as np

from keras_transfer_gen.data import decode
from keras_transfer_gen.data.image_set import ImageSet, printable
from keras_transfer_gen.data.sources import describe, gather_images

FEW = 50  # with fewer images a generator copies them rather than learning from them
GREY = ("1", "L", "LA", "I", "F")  # Pillow's modes without colour; "I;16" and the like count as "I"
LONG = 2.0  # sides in this ratio: a square crop drops half of the image or more


@dataclasses.dataclass(frozen=True, eq=False)
class Audit:
    """The findings; see `audit_images`.

    Args:
        source: the source in a few words.
        images: the usable ones, possibly none; what a preview shows.
        folders: dict of folder -> usable images in it ("." is the source itself).
        sizes: dict of "WIDTHxHEIGHT" -> images, most frequent first.
        modes: dict of Pillow mode -> images.
        formats: dict of format -> images.
        smallest: shortest side of an image in pixels; 0 where there is none.
        largest: longest side of an image in pixels; 0 where there is none.
        duplicates: list of lists of names whose fitted pixels are the same.
        warnings: list of sentences in plain words.
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

    @property
    def usable(self):
        """How many images can be used."""
        return len(self.image_set)

    @property
    def skipped(self):
        """list of `Skipped`, sorted by path."""
        return self.image_set.skipped

    def skipped_lines(self):
        """One line for each skipped file: relative path, tab, reason; line breaks and tabs in a name are escaped."""
        return [f"{printable(file.path)}\t{printable(file.reason)}" for file in self.skipped]

    def to_dict(self):
        """A JSON-ready dict of every finding; the images themselves are left out."""
        return {
            "source": self.source,
            "usable": self.usable,
            "folders": {printable(name): count for name, count in self.folders.items()},
            "sizes": self.sizes,
            "modes": self.modes,
            "formats": self.formats,
            "smallest": self.smallest,
            "largest": self.largest,
            "duplicates": [[printable(name) for name in group] for group in self.duplicates],
            "skipped": [{"path": printable(file.path), "reason": printable(file.reason)} for file in self.skipped],
            "warnings": self.warnings,
            "digest": self.image_set.digest,
        }


def audit_images(
    source, image_size=64, channels=3, *, fit="crop", background="white", cache_dir=None, progress=None
):  # fmt: skip
    """Looks through a source; the arguments are those of `sources.read_images`.

    Returns:
        `Audit`; one without a usable image is no error here.

    Raises:
        UserError, UserFileError: where the source can't be opened at all.

    Example:
        >>> audit_images(np.zeros([2, 64, 64, 3], np.uint8)).duplicates
        [['00000', '00001']]
    """
    frame = decode.Frame(image_size, channels, fit, background)
    image_set = gather_images(source, frame, cache_dir, progress)
    sides = [(original.width, original.height) for original in image_set.originals]
    duplicates = find_duplicates(image_set)
    return Audit(
        source=describe(source),
        image_set=image_set,
        folders=dict(sorted(collections.Counter(_folder(name) for name in image_set.names).items())),
        sizes=_counted(f"{width}x{height}" for width, height in sides),
        modes=_counted(original.mode for original in image_set.originals),
        formats=_counted(original.format for original in image_set.originals),
        smallest=min((min(pair) for pair in sides), default=0),
        largest=max((max(pair) for pair in sides), default=0),
        duplicates=duplicates,
        warnings=_warnings(image_set, sides, duplicates, frame),
    )


def find_duplicates(image_set):
    """Lists of names of `ImageSet` with the same pixels, in the order in which they appear."""
    alike = collections.defaultdict(list)
    for name, image in zip(image_set.names, image_set.images, strict=True):
        alike[hashlib.sha256(np.ascontiguousarray(image)).digest()].append(name)
    return [names for names in alike.values() if len(names) > 1]


def _warnings(image_set, sides, duplicates, frame):
    small = sum(min(pair) < frame.image_size for pair in sides)
    long = sum(max(pair) >= LONG * min(pair) for pair in sides)
    spare = sum(len(names) - 1 for names in duplicates)
    grey = sum(original.mode.split(";")[0] in GREY for original in image_set.originals)
    found = []
    if image_set.skipped:
        found.append(f"{_many(len(image_set.skipped), 'file')} skipped")
    if not len(image_set):
        found.append("no usable image")
    elif len(image_set) < FEW:
        found.append(f"only {_many(len(image_set), 'image')}: expect the generator to copy them")
    if small:
        found.append(f"{_are(small)} smaller than {frame.image_size} px and will be enlarged")
    if spare:
        found.append(f"{_many(spare, 'exact duplicate')}")
    if long and frame.fit == "crop":
        found.append(
            f"{_are(long)} at least twice as long as wide, and the crop drops half or more of each: "
            'fit="pad" (--resize-mode pad) keeps all of it'
        )
    if 0 < grey < len(image_set) and frame.channels == 3:
        found.append(f"{_are(grey)} grey among coloured ones")
    return found


def _counted(values):
    return dict(collections.Counter(values).most_common())


def _folder(name):
    return name.rpartition("/")[0] or "."


def _many(count, noun):
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _are(count):
    return f"{_many(count, 'image')} {'is' if count == 1 else 'are'}"
