"""Whatever holds images (folder, zip, npz, npy, array, dataset, "tfds:NAME[split]") -> `ImageSet`."""

import collections
import concurrent.futures
import json
import os
import warnings
import zipfile
from pathlib import Path

import numpy as np

from keras_transfer_gen import checks, files
from keras_transfer_gen.data import arrays, cache, decode, entries
from keras_transfer_gen.data.grouping import group_by_folder
from keras_transfer_gen.data.image_set import ImageSet, Original, Skipped, printable

KINDS = 'a folder, .zip, .npz or .npy file, an array, a tf.data.Dataset or "tfds:NAME[split]"'
WHERE = "Check what source= or the command line (--data) says."
WORKERS = min(8, os.cpu_count() or 1)
REASONS_SHOWN = 3


def read_images(
    source, image_size=64, channels=3, *, fit="crop", background="white", cache_dir=None, progress=None
):  # fmt: skip
    """Decodes every image of a source to one size; whatever can't be used is skipped and listed.

    Files are told by their content, not by their name. The result is cached by content and settings. Class labels come
    from the first level of sub-folders, or from what a dataset holds.

    Args:
        source: a folder (read with its sub-folders), a .zip, an .npz (its array `images`, or its only one; optionally
            integer or text `labels` and integer `groups`) or an .npy, an array or a `tf.data.Dataset` of images or
            (image, label), or "tfds:NAME[split]" of a prepared TFDS dataset. Arrays and datasets are uint8, or
            floats whose range is plain: 0..255, [0, 1] or [-1, 1].
        image_size: side of the images, 4 to 1024 pixels; networks of this package take 28, 32, 64, 128 and 256.
        channels: 1 (grey) or 3 (RGB).
        fit: "crop" cuts the middle square out; "pad" keeps the whole image on the background.
        background: colour under transparent pixels and beside padded images: a name, "#rrggbb" or (r, g, b).
        cache_dir: folder of the decoded images; the user's cache by default.
        progress: function `(done, total) -> None`, called after each image.

    Returns:
        `ImageSet` with at least one image.

    Raises:
        UserError: where no image can be used or a setting is wrong.
        UserFileError: where the source doesn't exist or can't be read.
        UserImportError: where "tfds:..." is asked for without tensorflow-datasets.

    Example:
        >>> read_images(np.zeros([2, 64, 64, 3], np.uint8)).images.shape
        (2, 64, 64, 3)
    """
    frame = decode.Frame(image_size, channels, fit, background)
    image_set = gather_images(source, frame, cache_dir, progress)
    if len(image_set):
        return image_set
    shown = [f"{printable(file.path)} ({file.reason})" for file in image_set.skipped[:REASONS_SHOWN]]
    more = ", ..." if len(image_set.skipped) > REASONS_SHOWN else ""
    why = f"{len(image_set.skipped)} skipped: {', '.join(shown)}{more}"
    if not shown:
        why = "it is empty" + (", or holds hidden files alone" if isinstance(source, (str, os.PathLike)) else "")
    raise checks.UserError(f"no usable image in {describe(source)}: {why}. {WHERE}")


def gather_images(source, frame, cache_dir=None, progress=None):
    """`read_images` for a `decode.Frame`, but where no image can be used the result is empty, not an error."""
    if isinstance(source, np.ndarray):
        return arrays.read_array(source, frame, cache_dir=cache_dir, progress=progress)
    if isinstance(source, (str, os.PathLike)) and str(source):
        if str(source).startswith("tfds:"):
            from keras_transfer_gen.data import datasets  # TensorFlow is loaded only where it is needed

            return datasets.read_tfds(str(source), frame, cache_dir, progress)
        return _read_path(source, frame, cache_dir, progress)
    from keras_transfer_gen.data import datasets

    if not datasets.is_dataset(source):
        raise checks.user_error("source", KINDS, source, WHERE)
    return datasets.read_dataset(source, frame, cache_dir=cache_dir, progress=progress)


def describe(source):
    """A source in a few words, for messages."""
    if isinstance(source, (str, os.PathLike)):
        return printable(source)
    return f"the {type(source).__name__}"


def _read_path(source, frame, cache_dir, progress):
    path = Path(source).expanduser()
    try:
        exists = path.exists()
    except (OSError, ValueError):  # a name that no file can have
        exists = False
    if not exists:
        raise checks.file_error("source", KINDS, source, f"There is nothing at this path. {_hint(path)}{WHERE}")
    if path.is_dir():
        return _read_entries(*entries.list_folder(path), frame, cache_dir, progress)
    suffix = path.suffix.lower()
    if suffix in (".npz", ".npy"):
        return arrays.read_file(path, frame, cache_dir, progress)
    if suffix != ".zip" and not zipfile.is_zipfile(path):
        raise checks.file_error("source", KINDS, source, f"This is a single file of another kind. {WHERE}")
    try:
        archive = zipfile.ZipFile(path)
    except entries.READ_ERRORS as error:
        hint = f"It can't be opened ({entries.why_unreadable(error)}). Copy or download it again."
        raise checks.file_error("source", "a readable zip file", source, hint) from error
    with archive:
        return _read_entries(*entries.list_zip(archive, path), frame, cache_dir, progress)


def _hint(path):
    try:
        like = checks.nearest(path.name, os.listdir(path.parent), most=1)
    except (OSError, ValueError):
        like = ""
    return f"Did you mean {printable(path.parent / like)}? " if like else ""


def _read_entries(found, skipped, frame, cache_dir, progress):
    with warnings.catch_warnings():
        # Pillow warns of oddities in files that it decodes all the same. Set here, as filters are global to threads.
        warnings.simplefilter("ignore")
        screened = list(_in_order(_screen, found))
        skipped = skipped + [item for item in screened if isinstance(item, Skipped)]
        usable = [item for item in screened if not isinstance(item, Skipped)]
        told = [[entry.name, kind, fingerprint] for entry, kind, fingerprint in usable]
        parts = [cache.VERSION, frame.image_size, frame.channels, frame.fit, frame.background, told]
        key = files.sha256(json.dumps(parts).encode())

        def produce(write):
            notes = {"names": [], "originals": [], "skipped": []}
            work = _in_order(lambda item: _decode(item, frame), usable)
            for done, ((entry, *_), result) in enumerate(zip(usable, work, strict=True), 1):
                if isinstance(result, Skipped):
                    notes["skipped"].append([result.path, result.reason])
                else:
                    image, original = result
                    write(image)
                    notes["names"].append(entry.name)
                    notes["originals"].append([original.format, original.mode, original.width, original.height])
                if progress:
                    progress(done, len(usable))
            return notes

        images, digest, notes = cache.cached_records(key, frame.shape, produce, cache_dir)
    if progress and usable:
        progress(len(usable), len(usable))  # also where everything was in the cache
    skipped = skipped + [Skipped(*item) for item in notes["skipped"]]
    groups, labels, class_names = group_by_folder(notes["names"])
    return ImageSet(
        images=images,
        labels=labels,
        class_names=class_names,
        names=notes["names"],
        groups=groups,
        digest=digest,
        skipped=sorted(skipped, key=lambda file: file.path),
        originals=[Original(*item) for item in notes["originals"]],
    )


def _screen(entry):
    """Looks at a file without decoding it: (entry, format, fingerprint), or `Skipped`."""
    try:
        with entry.open() as stream:
            kind = decode.recognise(entry.name, stream.read(decode.HEAD))
        entry.check_size()
        return entry, kind, entry.fingerprint()
    except decode.UnusableError as reason:
        return Skipped(entry.name, str(reason))
    except entries.READ_ERRORS as error:
        return Skipped(entry.name, entries.why_unreadable(error))


def _decode(item, frame):
    entry, kind, _ = item
    try:
        with entry.open() as stream:
            content = stream.read()
        return decode.decode_image(content, kind, frame)
    except decode.UnusableError as reason:
        return Skipped(entry.name, str(reason))
    except entries.READ_ERRORS as error:
        return Skipped(entry.name, entries.why_unreadable(error))


def _in_order(function, items):
    """`map` in threads with few results waiting, so that memory stays small."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        waiting = collections.deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 4 * WORKERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
