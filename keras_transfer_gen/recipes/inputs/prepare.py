"""Prepares a folder of images for a training: one size, no near-identical ones, a reference put aside by groups."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from keras_transfer_gen import checks, files
from keras_transfer_gen.data import decode, entries
from keras_transfer_gen.data.grouping import group_by_folder
from keras_transfer_gen.data.image_set import Skipped, count_of, printable
from keras_transfer_gen.data.near_duplicates import group_alike, near_identical
from keras_transfer_gen.recipes.inputs import subjects
from keras_transfer_gen.recipes.inputs.group_split import split_groups
from keras_transfer_gen.recipes.report.reporter import SILENT

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.report.reporter import Reporter


TRAIN, REFERENCE = "train", "reference"
RECORD, PREVIEW = "prepare.json", "preview.png"
WRITES = (TRAIN, REFERENCE, RECORD, PREVIEW)
CROPS = ("center", "pad", "faces", "subject")
SPLITS = ("alike", "folders")
THUMBNAIL, SMALL = 16, 64  # sides in pixels: to find near-identical images, and images that are alike


@dataclasses.dataclass(frozen=True)
class PrepareOptions:
    """How images are prepared.

    Args:
        split: share of the images that is put aside for the reference, from 0 to below 1.
        split_by: "alike" keeps images that look alike on one side; "folders" keeps each sub-folder on one side.
        image_size: side of the images that are written, in pixels.
        channels: 1 (grey) or 3 (RGB).
        crop: "center" cuts the middle square out; "pad" keeps everything; "faces" cuts the largest face out; "subject"
            what stands out from the background. The last two need OpenCV.
        remove_background: whether the background is painted over, which needs OpenCV.
        background: colour of what is transparent, padded or removed.
        keep_duplicates: whether near-identical images stay.
        augment: augmentation of the preview sheet, as the setting of a training.
        seed: of the split and of the preview.

    Raises:
        UserError: for a value that can't be used.
    """

    split: float = 0.0
    split_by: str = "alike"
    image_size: int = 64
    channels: int = 3
    crop: str = "center"
    remove_background: bool = False
    background: str = "white"
    keep_duplicates: bool = False
    augment: str = "diffaugment"
    seed: int = 0

    def __post_init__(self) -> None:
        checks.check_number("split", self.split, most=0.9, next_step="Such as --split 0.2.")
        checks.check_choice("split_by", self.split_by, SPLITS, "Set it with --split-by.")
        checks.check_integer("image_size", self.image_size, *decode.SIDES, next_step="Such as --image-size 64.")
        checks.check_choice("channels", self.channels, checks.CHANNELS, "Set it with --channels.")
        checks.check_choice("crop", self.crop, CROPS, "Set it with --crop.")
        checks.check_integer("seed", self.seed, least=0, next_step="Such as --seed 0.")
        decode.parse_colour(self.background)

    @property
    def needs_opencv(self) -> bool:
        """Whether OpenCV is needed (bool)."""
        return self.remove_background or self.crop in ("faces", "subject")


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What was prepared.

    Args:
        out: the folder that was written.
        train: number of images to train on.
        reference: number of images to score against.
        skipped: list of `Skipped`: files that can't be used, with the reason.
        duplicates: {name of an image that was left out: name of the near-identical one that stays}.
        enlarged: number of images that were smaller than the wanted size.
        faces_or_subjects: number of images of which a part was cut out or the background was removed.
    """

    out: str
    train: int
    reference: int
    skipped: list
    duplicates: dict
    enlarged: int
    faces_or_subjects: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dict."""
        skipped = [{"path": printable(file.path), "reason": printable(file.reason)} for file in self.skipped]
        names = {printable(name): printable(other) for name, other in self.duplicates.items()}
        return {**dataclasses.asdict(self), "skipped": skipped, "duplicates": names}

    def lines(self) -> list[str]:
        """Lines of text: skipped files with their reason, near-identical images, counts, what comes next."""
        lines = [f"skipped: {printable(file.path)}: {printable(file.reason)}" for file in self.skipped]
        lines += [f"left out: {printable(n)} is nearly the same as {printable(o)}" for n, o in self.duplicates.items()]
        if self.enlarged:
            lines.append(f"{count_of(self.enlarged, 'image')} smaller than the wanted size: enlarged")
        reference = f" and {self.reference} to score against in {REFERENCE}" if self.reference else ""
        lines.append(f"{self.out}: {count_of(self.train, 'image')} to train on in {TRAIN}{reference}")
        return [*lines, f"look at {os.path.join(self.out, PREVIEW)}, then: ktg init {self.out}"]


def prepare_images(
    source: PathLike,
    out: PathLike,
    options: PrepareOptions | None = None,
    overwrite: bool = False,
    reporter: Reporter = SILENT,
) -> Prepared:
    """Writes prepared copies of the images of a folder; the folder itself is only read.

    Args:
        source: folder of images; sub-folders stay, as classes.
        out: folder to write: `train`, `reference` where there is a split, `preview.png` and `prepare.json`.
        options: `PrepareOptions`, or None for the defaults.
        overwrite: whether an earlier result in `out` is replaced.
        reporter: `Reporter`; shows the progress.

    Returns:
        `Prepared`.

    Raises:
        UserError, UserFileError: where the folders can't be used, or no image can.
        UserImportError: where OpenCV is needed and not installed.
    """
    options = PrepareOptions() if options is None else options
    source, out = _check_folders(source, out, overwrite)
    cv2 = subjects.require_opencv() if options.needs_opencv else None
    listing = entries.list_folder(source)
    with files.atomic_path(out) as partial:
        pool = partial / "images"
        pool.mkdir(parents=True)
        batch = _prepare_each(listing, pool, options, cv2, reporter)
        if not batch.names:
            step = f"`ktg data check {source}` says why each file is skipped."
            reason = f"{len(batch.skipped)} files skipped" + (f": {batch.skipped[0].reason}" if batch.skipped else "")
            raise checks.user_error("DIR", "a folder with usable images", f"{source} ({reason})", step)
        stands_for = np.arange(len(batch.names))
        if not options.keep_duplicates:
            stands_for = near_identical(np.stack(batch.thumbnails), batch.areas)
        kept = np.flatnonzero(stands_for == np.arange(len(batch.names)))
        aside = _choose_reference(batch, kept, options)
        for position, number in enumerate(kept):
            name = batch.written[number]
            target = partial / (REFERENCE if aside[position] else TRAIN) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(pool / name, target)
        shutil.rmtree(pool)
        prepared = Prepared(
            str(out), int((~aside).sum()), int(aside.sum()), sorted(batch.skipped, key=lambda file: file.path),
            {batch.names[n]: batch.names[other] for n, other in enumerate(stands_for) if other != n},
            batch.enlarged, batch.parts,
        )  # fmt: skip
        _write_preview(partial, batch, kept[~aside], options)
        files.write_json(partial / RECORD, {**prepared.to_dict(), "options": dataclasses.asdict(options)})
    return prepared


@dataclasses.dataclass
class _Batch:
    """What is known of the images that were written so far."""

    names: list = dataclasses.field(default_factory=list)  # in the source
    written: list = dataclasses.field(default_factory=list)  # relative paths of the new files
    thumbnails: list = dataclasses.field(default_factory=list)
    small: list = dataclasses.field(default_factory=list)
    areas: list = dataclasses.field(default_factory=list)
    skipped: list = dataclasses.field(default_factory=list)
    enlarged: int = 0
    parts: int = 0


def _prepare_each(
    listing: entries.Listing, pool: Path, options: PrepareOptions, cv2: ModuleType | None, reporter: Reporter
) -> _Batch:
    batch, used, tick = _Batch(skipped=list(listing.skipped)), set(), reporter.counter("preparing images")
    for done, entry in enumerate(listing.entries, 1):
        try:
            image = _open(entry, options)
            square, is_part = _cut(image, options, cv2)
        except decode.UnusableError as reason:
            batch.skipped.append(Skipped(entry.name, str(reason)))
        except entries.READ_ERRORS as error:
            batch.skipped.append(Skipped(entry.name, entries.why_unreadable(error)))
        else:
            name = _new_name(entry.name, used)
            (pool / name).parent.mkdir(parents=True, exist_ok=True)
            resize_by_area(square, options.image_size).save(pool / name)
            batch.names.append(entry.name)
            batch.written.append(name)
            batch.thumbnails.append(_levels(square, THUMBNAIL))
            batch.small.append(_levels(square, SMALL))
            batch.areas.append(image.width * image.height)
            batch.enlarged += square.width < options.image_size
            batch.parts += is_part
        tick(done, len(listing.entries))
    return batch


def _open(entry: entries.FileEntry, options: PrepareOptions) -> Image.Image:
    entry.check_size()
    with entry.open() as stream:
        content = stream.read()
    kind = decode.recognise(entry.name, content[: decode.HEAD])
    image = decode.decode_upright(content, kind, options.background)
    return image.convert("L") if options.channels == 1 else image


def _cut(image: Image.Image, options: PrepareOptions, cv2: ModuleType | None) -> tuple[Image.Image, bool]:
    """(the square part of an image, whether a face or subject was cut out or freed); refuses one without any."""
    colour = decode.parse_colour(options.background)
    coloured, box, is_part = image.convert("RGB"), None, False
    if options.crop == "faces":
        box = subjects.find_face(coloured, cv2)
        if box is None:
            raise decode.UnusableError("no face was recognised")
    if options.remove_background or options.crop == "subject":
        mask = subjects.find_subject(coloured if box is None else coloured.crop(box), cv2)
        if mask is None:
            raise decode.UnusableError("nothing stands out from the background")
        if options.remove_background:
            coloured = subjects.without_background(coloured if box is None else coloured.crop(box), mask, colour)
            box = None
        if options.crop == "subject":
            box = subjects.subject_square(mask)
        is_part = True
    if options.crop == "pad":
        return _padded(coloured, colour).convert(image.mode), is_part
    is_part = is_part or box is not None
    if box is None:
        box = subjects.square_inside((coloured.width / 2, coloured.height / 2), min(coloured.size), coloured.size)
    return coloured.crop(box).convert(image.mode), is_part


def _padded(image: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    side = max(image.size)
    square = Image.new("RGB", (side, side), colour)
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


def resize_by_area(square: Image.Image, side: int) -> Image.Image:
    """A square image in another size: each new pixel is the mean of the area that it covers; enlarged ones are smooth.

    Args:
        square: `PIL.Image.Image`, as wide as high.
        side: in pixels.
    """
    if side >= square.width:
        return square.resize((side, side), Image.Resampling.BICUBIC)
    shares = _area_shares(square.width, side)
    levels = np.asarray(square, np.float32).reshape(square.height, square.width, -1)
    means = np.einsum("ah,hwc,bw->abc", shares, levels, shares, optimize=True).round().astype(np.uint8)
    return Image.fromarray(means[..., 0] if square.mode == "L" else means)


def _area_shares(before: int, after: int) -> np.ndarray:
    """float32 `[after, before]`: the share that each pixel of a side has in each pixel of the smaller side."""
    edges, pixels = np.linspace(0, before, after + 1), np.arange(before)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.maximum(covered, 0) * after / before).astype(np.float32)


def _levels(square: Image.Image, side: int) -> np.ndarray:
    """uint8 `[side, side, C]` of a square image."""
    return np.asarray(resize_by_area(square, side)).reshape(side, side, -1)


def _new_name(name: str, used: set[str]) -> str:
    """The name of the PNG file for an image; two images of one name, such as a.jpg and a.gif, get numbers."""
    stem, number = os.path.splitext(name)[0], 1
    new = f"{stem}.png"
    while new.lower() in used:
        number += 1
        new = f"{stem}_{number}.png"
    used.add(new.lower())
    return new


def _choose_reference(batch: _Batch, kept: np.ndarray, options: PrepareOptions) -> np.ndarray:
    """bool `[len(kept)]`: which of the kept images are put aside."""
    names = [batch.names[number] for number in kept]
    folders, labels, _ = group_by_folder(names)
    if not options.split:
        return np.zeros(len(kept), bool)
    if options.split_by == "folders":
        return split_groups(folders, np.zeros(len(kept), int), options.split, options.seed)
    groups = group_alike(np.stack([batch.small[number] for number in kept]))
    return split_groups(groups, np.zeros(len(kept), int) if labels is None else labels, options.split, options.seed)


def _write_preview(folder: Path, batch: _Batch, numbers: np.ndarray, options: PrepareOptions) -> None:
    from keras_transfer_gen import pixels  # loads TensorFlow, which the rest does without
    from keras_transfer_gen.recipes.inputs.preview_sheet import ROWS, preview_sheet

    shown = numbers[np.linspace(0, len(numbers) - 1, min(len(numbers), ROWS)).round().astype(int)]
    images = []
    for number in shown:
        with Image.open(folder / TRAIN / batch.written[number]) as image:
            images.append(np.asarray(image).reshape(*image.size, -1))
    images = np.stack(images)
    files.write_bytes(folder / PREVIEW, pixels.to_png(preview_sheet(images, options.augment, options.seed)))


def _check_folders(source: PathLike, out: PathLike, overwrite: bool) -> tuple[Path, Path]:
    source, out = Path(source).expanduser(), Path(out)
    if not source.is_dir():
        raise checks.file_error("DIR", "an existing folder of images", source, "Unpack an archive first.")
    inside, around = out.resolve(), source.resolve()
    if inside.is_relative_to(around) or around.is_relative_to(inside):
        raise checks.user_error("out", "a folder apart from the images", str(out), "Choose another --out.")
    if out.exists() and not out.is_dir():
        raise checks.file_error("out", "a folder", out, "Choose another --out.")
    content = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if content and not (overwrite and RECORD in content and content <= set(WRITES)):
        step = "Choose another --out."
        if RECORD in content:
            others = sorted(content - set(WRITES))
            step = f"It also holds {others[0]}. {step}" if others else "Give --overwrite to replace what is there."
        raise checks.file_error("out", "a new or empty folder", out, step)
    return source, out
