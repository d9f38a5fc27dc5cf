"""What a source holds, before anything is trained on it: sizes, modes, duplicates, and what is left out and why."""

import collections
import dataclasses
import hashlib

import numpy as np

from keras_transfer_gen.data import decode
from keras_transfer_gen.data.image_set import Pictures, printable
from keras_transfer_gen.data.sources import describe, gather_pictures

FEW = 50  # with fewer pictures a generator copies them rather than learning from them
GREY = ("1", "L", "LA", "I", "F")  # Pillow's modes without colour; "I;16" and the like count as "I"
LONG = 2.0  # sides in this ratio: a square crop drops half of the picture or more


@dataclasses.dataclass(frozen=True, eq=False)
class Audit:
    """The findings; see `audit_images`.

    Args:
        source: the source in a few words.
        pictures: the usable ones, possibly none; what a preview shows.
        folders: dict of folder -> usable pictures in it ("." is the source itself).
        sizes: dict of "WIDTHxHEIGHT" -> pictures, most frequent first.
        modes: dict of Pillow mode -> pictures.
        formats: dict of format -> pictures.
        smallest: shortest side of a picture in pixels; 0 where there is none.
        largest: longest side of a picture in pixels; 0 where there is none.
        duplicates: list of lists of names whose fitted pixels are the same.
        warnings: list of sentences in plain words.
    """

    source: str
    pictures: Pictures
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
        """How many pictures can be used."""
        return len(self.pictures)

    @property
    def skipped(self):
        """list of `Skipped`, sorted by path."""
        return self.pictures.skipped

    def skipped_lines(self):
        """One line for each skipped file: relative path, tab, reason; line breaks and tabs in a name are escaped."""
        return [f"{printable(file.path)}\t{printable(file.reason)}" for file in self.skipped]

    def to_dict(self):
        """A JSON-ready dict of every finding; the pictures themselves are left out."""
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
            "digest": self.pictures.digest,
        }


def audit_images(
    source, image_size=64, channels=3, *, fit="crop", background="white", cache_dir=None, progress=None
):  # fmt: skip
    """Looks through a source; the arguments are those of `sources.read_pictures`.

    Returns:
        `Audit`; one without a usable picture is no error here.

    Raises:
        UserError, UserFileError: where the source can't be opened at all.

    Example:
        >>> audit_images(np.zeros([2, 64, 64, 3], np.uint8)).duplicates
        [['00000', '00001']]
    """
    frame = decode.Frame(image_size, channels, fit, background)
    pictures = gather_pictures(source, frame, cache_dir, progress)
    sides = [(original.width, original.height) for original in pictures.originals]
    duplicates = find_duplicates(pictures)
    return Audit(
        source=describe(source),
        pictures=pictures,
        folders=dict(sorted(collections.Counter(_folder(name) for name in pictures.names).items())),
        sizes=_counted(f"{width}x{height}" for width, height in sides),
        modes=_counted(original.mode for original in pictures.originals),
        formats=_counted(original.format for original in pictures.originals),
        smallest=min((min(pair) for pair in sides), default=0),
        largest=max((max(pair) for pair in sides), default=0),
        duplicates=duplicates,
        warnings=_warnings(pictures, sides, duplicates, frame),
    )


def find_duplicates(pictures):
    """Lists of names of `Pictures` with the same pixels, in the order in which they appear."""
    alike = collections.defaultdict(list)
    for name, image in zip(pictures.names, pictures.images, strict=True):
        alike[hashlib.sha256(np.ascontiguousarray(image)).digest()].append(name)
    return [names for names in alike.values() if len(names) > 1]


def _warnings(pictures, sides, duplicates, frame):
    small = sum(min(pair) < frame.image_size for pair in sides)
    long = sum(max(pair) >= LONG * min(pair) for pair in sides)
    spare = sum(len(names) - 1 for names in duplicates)
    grey = sum(original.mode.split(";")[0] in GREY for original in pictures.originals)
    found = []
    if pictures.skipped:
        found.append(f"{_many(len(pictures.skipped), 'file')} skipped")
    if not len(pictures):
        found.append("no usable picture")
    elif len(pictures) < FEW:
        found.append(f"only {_many(len(pictures), 'picture')}: expect the generator to copy them")
    if small:
        found.append(f"{_are(small)} smaller than {frame.image_size} px and will be enlarged")
    if spare:
        found.append(f"{_many(spare, 'exact duplicate')}")
    if long and frame.fit == "crop":
        found.append(
            f"{_are(long)} at least twice as long as wide, and the crop drops half or more of each: "
            'fit="pad" (--image-fit pad) keeps all of it'
        )
    if 0 < grey < len(pictures) and frame.channels == 3:
        found.append(f"{_are(grey)} grey among coloured ones")
    return found


def _counted(values):
    return dict(collections.Counter(values).most_common())


def _folder(name):
    return name.rpartition("/")[0] or "."


def _many(count, noun):
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _are(count):
    return f"{_many(count, 'picture')} {'is' if count == 1 else 'are'}"
