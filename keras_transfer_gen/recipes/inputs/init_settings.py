"""What `ktg init` writes: a look at a folder of images, three suggestions, and a file of settings with comments."""

from __future__ import annotations

import dataclasses
import os
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, files
from keras_transfer_gen.data.audit import GREY, audit_images
from keras_transfer_gen.data.image_set import count_of, printable
from keras_transfer_gen.data.labels import describe_classes
from keras_transfer_gen.recipes.models.resolve import resolve_model
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.settings.fields import settings_of
from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
from keras_transfer_gen.recipes.settings.settings_text import settings_text
from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings
from keras_transfer_gen.recipes.settings.vq import FineTuneVqSettings
from keras_transfer_gen.transfer.fetching.presets import Preset, list_presets

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.settings.shared import RunSettings


LOOKED_AT = 64  # side in pixels at which the images are read to look at them
TRAIN, REFERENCE = "train", "reference"  # the folders that `ktg data prepare` writes
SUFFIXES = (".yaml", ".yml")
FALLBACK_SOURCE = "noto_gan_64"
CLASSES = {cls.family: cls for cls in (FineTuneSettings, FineTuneVaeSettings, FineTuneVqSettings)}


@dataclasses.dataclass(frozen=True)
class Look:
    """What is known of a folder of images.

    Args:
        data: what to train on.
        reference: images to score against, or None.
        usable: number of usable images.
        lines: what it holds, as lines of text.
        classes: words on the classes, or "" where there are none.
        grey: whether all images are grey.
        side: median of the shorter sides, in pixels.
    """

    data: str
    reference: str | None
    usable: int
    lines: list
    classes: str
    grey: bool
    side: int


def look_at(folder: PathLike, reporter: Reporter = SILENT) -> Look:
    """Looks through images to train on; those of `ktg data prepare` lie in its folder `train`.

    Args:
        folder: what `load_images` takes.
        reporter: `Reporter`; shows the progress.

    Returns:
        `Look`.

    Raises:
        UserError, UserFileError: where nothing there can be read, or no image is usable.
    """
    data, reference = _parts(folder)
    audit = audit_images(data, LOOKED_AT, progress=reporter.counter("reading images"))
    if not audit.usable:
        step = "`ktg data check` says why each file is skipped."
        raise checks.file_error("FOLDER", "a folder with usable images", folder, step)
    image_set = audit.image_set
    grey = [original.mode.split(";")[0] in GREY for original in image_set.originals]
    sides = [min(original.width, original.height) for original in image_set.originals]
    colours = "grey" if all(grey) else "RGB" if not any(grey) else f"RGB, {sum(grey)} of them grey"
    classes = "" if image_set.labels is None or len(image_set.class_names) < 2 else describe_classes(image_set)
    lines = [
        f"{printable(data)}: {count_of(audit.usable, 'image')}, {colours}, sides from {audit.smallest} to "
        f"{audit.largest} pixels."
    ]
    lines += [f"Classes by their folders: {printable(classes)}."] if classes else []
    lines += [f"Note: {printable(warning)}." for warning in audit.warnings]
    return Look(data, reference, audit.usable, lines, classes, all(grey), int(statistics.median(sides)))


def suggest_source(look: Look) -> str:
    """The preset to start from: a GAN with the channels of the images where there is one.

    Of these it is the one of the largest images that the images needn't be enlarged for, else that of the smallest.

    Args:
        look: `Look`.
    """
    presets = [preset for preset in list_presets() if preset.spec.family == FineTuneSettings.family]
    if not presets:
        return FALLBACK_SOURCE
    wanted = 1 if look.grey else 3

    def fitness(preset: Preset) -> tuple[bool, bool, int]:
        size = preset.image_size
        return preset.channels == wanted, size <= look.side, size if size <= look.side else -size

    return max(presets, key=fitness).name


def settings_class(
    source: PathLike | ModelRef,
) -> type[RunSettings]:
    """The settings class of a fine-tune from a source; a third-party model, and one that is to be fetched, is a GAN.

    Raises:
        UserError, UserFileError: where there is no such source.
    """
    return CLASSES[resolve_model(source, trust=True).family or FineTuneSettings.family]


def suggest_out(folder: PathLike) -> str:
    """The RUN folder to write: runs/ and the name of the images' folder.

    Example:
        >>> suggest_out("photos/cats/")
        'runs/cats'
    """
    return f"runs/{Path(os.path.abspath(folder)).stem or 'first'}"


def check_file(path: PathLike, overwrite: bool) -> None:
    """Refuses a path where no file of settings can or may be written.

    Args:
        path: of the file.
        overwrite: whether a file that is there is replaced.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES or path.is_dir():
        raise checks.user_error("out", "a file that ends in .yaml", str(path), "Such as --out run.yaml.")
    if path.exists() and not overwrite:
        step = "Choose another --out, or give --overwrite to replace it."
        raise checks.file_error("out", "a new file", path, step)


def write_settings(
    path: PathLike, look: Look, source: str, kimg: float, out: str, overwrite: bool = False
) -> dict[str, Any]:
    """Writes the file of settings.

    Args:
        path: of the .yaml file.
        look: `Look`.
        source: what to start from.
        kimg: thousands of images to show.
        out: the RUN folder.
        overwrite: whether a file that is there is replaced.

    Returns:
        {name: value} of what the file sets.

    Raises:
        UserError, UserFileError: for an answer that can't be used, and where the file must not be written.
    """
    check_file(path, overwrite)
    values: dict[str, Any] = {"data": look.data, "out": out, "source": source, "kimg": kimg}
    if look.reference is not None:
        values["reference"] = look.reference
    cls = settings_class(source)
    cls(**values)  # checks them
    notes = {"data": f"Here: {look.lines[0]}"}
    if look.classes and "labels" in settings_of(cls):
        notes["labels"] = "Here: the folders are classes. A source with classes learns them with labels: folders"
    if look.reference is None:
        notes["reference"] = "Here: none. `ktg data prepare` can put some images aside for it."
    files.write_text(path, settings_text(cls, values, look.lines, notes))
    return values


def _parts(folder: PathLike) -> tuple[str, str | None]:
    """(images to train on, images to score against or None)."""
    train, reference = Path(folder, TRAIN), Path(folder, REFERENCE)
    if Path(folder).is_dir() and train.is_dir() and reference.is_dir():
        return str(train), str(reference)
    return os.fspath(folder), None
