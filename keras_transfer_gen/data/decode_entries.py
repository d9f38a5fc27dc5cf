"""The files of a source -> `ImageSet`: looked at, decoded in threads, and kept in the cache."""

from __future__ import annotations

import collections
import concurrent.futures
import json
import os
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import files
from keras_transfer_gen.data import cache, decode, entries
from keras_transfer_gen.data.grouping import group_by_folder
from keras_transfer_gen.data.image_set import ImageSet, Original, Skipped

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.aliases import PathLike, Progress
    from keras_transfer_gen.data.decode import Frame
    from keras_transfer_gen.data.entries import FileEntry, Listing


WORKERS = min(8, os.cpu_count() or 1)


def decode_entries(
    listing: Listing, frame: Frame, cache_dir: PathLike | None = None, progress: Progress | None = None
) -> ImageSet:
    """`ImageSet` of the files of a source; what can't be used is in its `skipped`.

    Args:
        listing: `entries.Listing`.
        frame: `decode.Frame`.
        cache_dir: folder of the decoded images; the user's cache by default.
        progress: function `(done, total) -> None`, called after each image.
    """
    with warnings.catch_warnings():
        # Pillow warns of oddities in files that it decodes all the same. Set here, as filters are global to threads.
        warnings.simplefilter("ignore")
        screened = list(_map_in_threads(_screen, listing.entries))
        skipped = listing.skipped + [item for item in screened if isinstance(item, Skipped)]
        usable = [item for item in screened if not isinstance(item, Skipped)]
        contents = [[entry.name, kind, fingerprint] for entry, kind, fingerprint in usable]
        key = files.sha256(json.dumps([*cache.frame_settings(frame), contents]).encode())

        def produce(write: Callable[[np.ndarray], Any]) -> dict[str, Any]:
            notes = {"names": [], "originals": [], "skipped": []}
            results = _map_in_threads(lambda item: _decode(item, frame), usable)
            for done, ((entry, *_), result) in enumerate(zip(usable, results, strict=True), 1):
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
    skipped += [Skipped(*item) for item in notes["skipped"]]
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
        hidden=listing.hidden,
    )


def _screen(entry: FileEntry) -> Any:
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


def _decode(item: tuple[FileEntry, str, str], frame: Frame) -> Any:
    """(uint8 image, `Original`), or `Skipped`."""
    entry, kind, _ = item
    try:
        with entry.open() as stream:
            content = stream.read()
        return decode.decode_image(content, kind, frame)
    except decode.UnusableError as reason:
        return Skipped(entry.name, str(reason))
    except entries.READ_ERRORS as error:
        return Skipped(entry.name, entries.why_unreadable(error))


def _map_in_threads(
    function: Callable[[Any], Any], items: list[FileEntry | tuple[FileEntry, str, str]]
) -> Iterator[Any]:
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
