"""A source of images (folder, files, zip, npz, npy, array, dataset, "tfds:NAME[split]") -> `ImageSet`."""

from __future__ import annotations

import collections.abc
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.data import arrays, decode, entries
from keras_transfer_gen.data.decode_entries import decode_entries
from keras_transfer_gen.data.image_set import count_of, printable
from keras_transfer_gen.data.labels import label_images
from keras_transfer_gen.data.large_folders import read_large_folder
from keras_transfer_gen.data.pillow_images import read_pillow_images
from keras_transfer_gen.data.remote_folders import is_remote, list_remote_folder
from keras_transfer_gen.data.shards import find_shards, list_shards
from keras_transfer_gen.deprecation import renamed_arguments

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Colour, ImageSource, LabelSource, PathLike, Progress
    from keras_transfer_gen.data.decode import Frame
    from keras_transfer_gen.data.image_set import ImageSet


KINDS = (
    "a folder, .zip, .npz or .npy file, a list of paths or of Pillow images, an array, a tf.data.Dataset or "
    '"tfds:NAME[split]"'
)
NEXT_STEP = "Check source= (--data)."
LIKENESS = 0.7  # of a path's name to the misspelt one, from which on it is suggested


@renamed_arguments(fit="resize_mode")
def read_images(
    source: ImageSource,
    image_size: int = 64,
    channels: int = 3,
    *,
    resize_mode: str = "crop",
    background: Colour = "white",
    labels: LabelSource | None = None,
    cache_gb: float | None = None,
    cache_dir: PathLike | None = None,
    progress: Progress | None = None,
) -> ImageSet:
    """Decodes every image of a source to one size. Files that can't be used are skipped and listed with the reason.

    The format of a file is recognised by its content, not by its name. What files and folders give is cached by
    content and settings. Class labels come from the first level of sub-folders, or from a dataset.

    Args:
        source: one of

            - a folder (read with its sub-folders) or a .zip; also at an address that TensorFlow reads (gs://...),
            - tar shards as of WebDataset or TFRecord files: one, a folder of them, or a pattern such as "train-*.tar",
            - a list of paths of image files (str or `pathlib.Path`), or a list of Pillow images,
            - an .npz (its array `images`, or its only one; optionally integer or text `labels` and integer `groups`)
              or an .npy,
            - an array or a `tf.data.Dataset` of images or (image, label),
            - "tfds:NAME[split]" of a prepared TFDS dataset.

            Arrays and datasets are uint8, or floats whose range is plain: 0..255, [0, 1] or [-1, 1].
        image_size: side of the images, 4 to 1024 pixels; networks of this package take 28, 32, 64, 128 and 256.
        channels: 1 (grey) or 3 (RGB).
        resize_mode: "crop" cuts the middle square out; "pad" keeps the whole image on the background.
        background: colour under transparent pixels and beside padded images: a name, "#rrggbb" or (r, g, b).
        labels: where the labels of the images come from, see `labels.label_images`; None keeps those that the source
            has.
        cache_gb: of a folder: decode images only when they are asked for, and keep this many gigabytes of them; see
            `large_folders.read_large_folder`. None decodes all of them now.
        cache_dir: folder of the decoded images; the user's cache by default.
        progress: function `(done, total) -> None`, called after each image.

    Returns:
        `ImageSet` with at least one image.

    Raises:
        UserError: where no image can be used, a setting is wrong or an image has no label.
        UserFileError: where the source, or a file of labels, doesn't exist or can't be read.
        UserImportError: for "tfds:..." without tensorflow-datasets.

    Example:
        >>> read_images(np.zeros([2, 64, 64, 3], np.uint8)).images.shape
        (2, 64, 64, 3)
    """
    frame = decode.Frame(image_size, channels, resize_mode, background)
    if cache_gb is not None:
        image_set = _read_lazily(source, frame, cache_gb, cache_dir)
        return image_set if labels is None else label_images(image_set.listed(), labels, source)
    image_set = gather_images(source, frame, cache_dir, progress)
    if len(image_set):
        return label_images(image_set, labels, source)
    why = image_set.describe_skipped()
    if not why:
        hidden = image_set.describe_hidden()
        why = f"it is empty but for {hidden}" if hidden else "it is empty"
    raise checks.UserError(f"no usable image in {describe_source(source)}: {why}. {NEXT_STEP}")


def _read_lazily(source: ImageSource, frame: Frame, cache_gb: float, cache_dir: PathLike | None) -> Any:
    cache_gb = checks.check_number("cache_gb", cache_gb, next_step="Such as --cache-gb 20; 0 keeps nothing.")
    if not isinstance(source, (str, os.PathLike)) or not os.path.isdir(source):
        step = "What is no folder is decoded once and kept as a whole: leave cache_gb= (--cache-gb) out."
        raise checks.user_error("cache_gb", "left out for this source", cache_gb, step)
    return read_large_folder(source, frame, cache_gb, cache_dir)


def gather_images(
    source: ImageSource, frame: Frame, cache_dir: PathLike | None = None, progress: Progress | None = None
) -> ImageSet:
    """`read_images` for a `decode.Frame`; where no image can be used the `ImageSet` is empty, and that is no error."""
    if isinstance(source, np.ndarray):
        return arrays.read_array(source, frame, cache_dir=cache_dir, progress=progress)
    if isinstance(source, (list, tuple)):
        return _read_list(source, frame, cache_dir, progress)
    if isinstance(source, (str, os.PathLike)) and str(source):
        if str(source).startswith("tfds:"):
            from keras_transfer_gen.data import datasets  # TensorFlow is loaded only where it is needed

            return datasets.read_tfds(str(source), frame, cache_dir, progress)
        return _read_path(source, frame, cache_dir, progress)
    from keras_transfer_gen.data import datasets

    if not datasets.is_dataset(source):
        raise checks.user_error("source", KINDS, source, _next_step_for(source))
    return datasets.read_dataset(source, frame, cache_dir=cache_dir, progress=progress)


def describe_source(source: ImageSource) -> str:
    """A source in a few words, for messages."""
    if isinstance(source, (str, os.PathLike)):
        return printable(source)
    if isinstance(source, (list, tuple)):
        return f"the {type(source).__name__} of {count_of(len(source), 'item')}"
    return f"the {type(source).__name__}"


def _next_step_for(source: object) -> str:
    if isinstance(source, Image.Image):
        return "Put a single image in a list: [image]."
    if isinstance(source, collections.abc.Iterator):
        return "Make a list of it first: list(source)."
    return NEXT_STEP


def _read_list(source: Sequence[Any], frame: Frame, cache_dir: PathLike | None, progress: Progress | None) -> ImageSet:
    if all(isinstance(item, (str, os.PathLike)) for item in source):
        return decode_entries(entries.list_paths(source), frame, cache_dir, progress)
    if all(isinstance(item, Image.Image) for item in source):
        return read_pillow_images(source, frame, cache_dir, progress)
    kinds = ", ".join(sorted({type(item).__name__ for item in source}))
    hint = "Make them all paths or all Pillow images."
    if all(isinstance(item, np.ndarray) for item in source):
        hint = "Arrays of one size become one array: np.stack(images)."
    raise checks.user_error("source", "a list of paths alone or of Pillow images alone", f"a list of {kinds}", hint)


def _read_path(source: PathLike, frame: Frame, cache_dir: PathLike | None, progress: Progress | None) -> ImageSet:
    if is_remote(source):
        return decode_entries(list_remote_folder(str(source)), frame, cache_dir, progress)
    path = Path(source).expanduser()
    try:
        exists = path.exists()
        shards = find_shards(path)
    except (OSError, ValueError):  # a name that no file can have
        exists, shards = False, []
    if shards:
        return decode_entries(list_shards(shards), frame, cache_dir, progress)
    if not exists:
        hint = f"There is nothing at this path. {_suggestion(path)}{NEXT_STEP}"
        raise checks.file_error("source", KINDS, source, hint)
    if path.is_dir():
        return decode_entries(entries.list_folder(path), frame, cache_dir, progress)
    suffix = path.suffix.lower()
    if suffix in (".npz", ".npy"):
        return arrays.read_array_file(path, frame, cache_dir, progress)
    if suffix != ".zip" and not zipfile.is_zipfile(path):
        hint = "This is a single file. To use one image, put it in a list: [path]."
        raise checks.file_error("source", KINDS, source, hint)
    try:
        archive = zipfile.ZipFile(path)
    except entries.READ_ERRORS as error:
        hint = f"It can't be opened ({entries.why_unreadable(error)}). Copy or download it again."
        raise checks.file_error("source", "a readable zip file", source, hint) from error
    with archive:
        return decode_entries(entries.list_zip(archive, path), frame, cache_dir, progress)


def _suggestion(path: Path) -> str:
    try:
        like = checks.nearest(path.name, os.listdir(path.parent), most=1, likeness=LIKENESS)
    except (OSError, ValueError):
        like = ""
    return f"Did you mean {printable(path.parent / like)}? " if like else ""
