"""Archives of training images as other programs write them: tar shards (as of WebDataset) and TFRecord files.

An index of the archive is read once; each image is read at its place in it. A label becomes the first folder of an
image's name, so that `labels="folders"` finds it.
"""

from __future__ import annotations

import collections
import glob
import io
import os
import struct
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks
from keras_transfer_gen.data.decode import IMAGE_SUFFIXES
from keras_transfer_gen.data.entries import FileEntry, Listing, why_unreadable
from keras_transfer_gen.data.image_set import Skipped

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


TAR = (".tar",)
RECORDS = (".tfrecord", ".tfrecords")
RECORD_MARK = ".tfrecord-"  # as in "train.tfrecord-00001-of-00010"
IMAGE_KEYS = ("image/encoded", "image", "image_raw", "jpeg", "png", "jpg")  # of a tf.train.Example
LABEL_KEYS = ("image/class/text", "image/class/label", "label", "class")
HEAD_BYTES, TAIL_BYTES = 12, 4  # around a record: its length and that one's checksum; the checksum of its content


def is_shard(name: PathLike) -> bool:
    """Whether a file is an archive of training images, by its name (bool)."""
    name = str(name).lower()
    return name.endswith((*TAR, *RECORDS)) or RECORD_MARK in name


def find_shards(source: PathLike) -> list[Path]:
    """The shards that a source names: a sorted list of `pathlib.Path`, empty where it names none.

    Args:
        source: path of a shard, of a folder with shards alone (hidden files aside), or a pattern such as "train-*.tar".
    """
    path = Path(source).expanduser()
    if path.is_dir():
        names = [name for name in os.listdir(path) if not name.startswith(".")]
        return sorted(path / name for name in names) if names and all(map(is_shard, names)) else []
    if path.is_file():
        return [path] if is_shard(path.name) else []
    if any(mark in str(source) for mark in "*?["):
        return sorted(Path(match) for match in glob.glob(str(path)) if is_shard(match))
    return []


def list_shards(paths: Iterable[Path]) -> Listing:
    """`entries.Listing` of the images in some shards.

    Args:
        paths: list of `pathlib.Path`.

    Raises:
        UserFileError: where one of them can't be read at all.
    """
    entries, skipped = [], []
    for path in paths:
        read = _list_tar if path.name.lower().endswith(TAR) else _list_records
        try:
            read(path, entries, skipped)
        except (OSError, tarfile.TarError, struct.error) as error:
            if isinstance(error, checks.USER_ERRORS):
                raise
            hint = f"It can't be opened ({why_unreadable(error)}). Copy or download it again."
            raise checks.file_error("source", "a readable archive of images", path, hint) from error
    return Listing(sorted(entries, key=lambda entry: entry.name), skipped, [])


def _list_tar(path: Path, entries: list[FileEntry], skipped: list[Skipped]) -> None:
    """Images of a tar file; a file `KEY.cls` beside `KEY.jpg` holds its label."""
    images, labels = [], {}
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            stem, dot, suffix = member.name.rpartition("/")[2].partition(".")
            key = f"{member.name.rpartition('/')[0]}/{stem}"
            if not member.isfile():
                continue
            if suffix == "cls":
                labels[key] = archive.extractfile(member).read().decode("utf-8", "replace").strip()
            elif f"{dot}{suffix.rpartition('.')[2]}".lower() in IMAGE_SUFFIXES:
                images.append((key, member.name, member.offset_data, member.size))
    for key, name, start, size in images:
        shown = f"{path.stem}/{name}"
        entries.append(_part(path, f"{_folder(labels[key])}/{shown}" if key in labels else shown, start, size))


def _list_records(path: Path, entries: list[FileEntry], skipped: list[Skipped]) -> None:
    """Images of a TFRecord file of `tf.train.Example`s."""
    counts, end = collections.Counter(), path.stat().st_size
    with open(path, "rb") as stream:
        while head := stream.read(HEAD_BYTES):
            (length,) = struct.unpack("<Q", head[:8]) if len(head) == HEAD_BYTES else (end,)
            start, number = stream.tell(), sum(counts.values())
            if start + length + TAIL_BYTES > end:
                skipped.append(Skipped(f"{path.name}/{number:08d}", "cannot be read: the archive is cut off"))
                return
            features = read_example(stream.read(length))
            stream.seek(TAIL_BYTES, os.SEEK_CUR)
            content = next((features[key] for key in IMAGE_KEYS if isinstance(features.get(key), bytes)), None)
            counts[content is None] += 1
            name = f"{path.name}/{number:08d}"
            if content is None:
                known = ", ".join(sorted(features)) or "none"
                skipped.append(Skipped(name, f"no encoded image among its features ({known})"))
                continue
            label = next((features[key] for key in LABEL_KEYS if key in features), None)
            name = name if label is None else f"{_folder(label)}/{name}"
            entries.append(_part(path, name, start, length, len(content), _image_of_example))


def read_example(content: bytes) -> dict[str, Any]:
    """The first value of each feature of a `tf.train.Example`: {name: bytes, int or float}.

    Args:
        content: bytes of the record.
    """
    from tensorflow.core.example.example_pb2 import Example  # heavy: only where there are records

    try:
        example = Example.FromString(content)
    except Exception:  # noqa: BLE001  the class of this error depends on the implementation of protobuf
        return {}
    values = {}
    for name, feature in example.features.feature.items():
        kind = feature.WhichOneof("kind")
        listed = list(getattr(feature, kind).value) if kind else []
        if listed:
            values[name] = listed[0]
    return values


def _image_of_example(content: bytes) -> bytes:
    features = read_example(content)
    return next(features[key] for key in IMAGE_KEYS if isinstance(features.get(key), bytes))


def _folder(label: bytes | int | float | str) -> str:
    """A label as the name of a folder; numbers have leading zeros, so that their order is that of the names."""
    text = label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label)
    return f"{int(text):05d}" if text.isdigit() else text.replace("/", "_").strip() or "_"


def _part(
    path: Path, name: str, start: int, length: int, size: int | None = None, unpack: Callable[[bytes], bytes] = bytes
) -> FileEntry:
    """`FileEntry` of a part of an archive."""
    facts = path.stat()

    def open_part() -> io.BytesIO:
        with open(path, "rb") as stream:
            stream.seek(start)
            return io.BytesIO(unpack(stream.read(length)))

    def fingerprint() -> str:
        return f"{path.name}:{facts.st_size}:{facts.st_mtime_ns}:{start}"

    size = length if size is None else size
    return FileEntry(name=name, size=size, packed=size, open=open_part, fingerprint=fingerprint)
