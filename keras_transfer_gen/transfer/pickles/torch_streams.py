"""PyTorch's own files, read as data: the older stream of pickles, and the zip archive."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_transfer_gen.transfer.pickles import limits
from keras_transfer_gen.transfer.pickles.arrays import strided
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.machine import parse
from keras_transfer_gen.transfer.pickles.records import Call, Name, Reference

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
REBUILD = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor")
PARAMETER = "torch._utils._rebuild_parameter"
LOAD = "torch.storage._load_from_bytes"
STORAGES = {  # of PyTorch -> the type of its elements; "bf" is the upper half of a float32
    "Float": "<f4", "Half": "<f2", "Double": "<f8", "BFloat16": "bf", "Long": "<i8", "Int": "<i4", "Short": "<i2",
    "Char": "i1", "Byte": "u1", "Bool": "?",
}  # fmt: skip
_STORAGE_NAMES = {f"torch.{name}Storage": kind for name, kind in STORAGES.items()}
TORCH_NAMES = frozenset({*_STORAGE_NAMES, *REBUILD, PARAMETER, "collections.OrderedDict", "argparse.Namespace"})


class Tensors:
    """Turns the tensors of one file into arrays.

    Args:
        find: function (key, byte count) -> bytes of a storage of the stream or archive, or None for a bare pickle,
            whose storages stand in its tensors.
    """

    def __init__(self, find: Callable[..., Any] | None = None) -> None:
        self._find = find
        self._storages = {}

    def is_tensor(self, value: Call | int | None) -> bool:
        """Whether a value is a record of a tensor or a parameter."""
        return isinstance(value, Call) and value.name in (*REBUILD, PARAMETER)

    def array(self, value: Call) -> np.ndarray:
        """The ndarray of a record of a tensor or a parameter.

        Raises:
            RefusedPickle: where it is none, or does not lie in its storage.
        """
        if isinstance(value, Call) and value.name == PARAMETER and value.args:
            value = value.args[0]
        if not isinstance(value, Call) or value.name not in REBUILD or len(value.args) < 4:
            raise RefusedPickle("something in it is no tensor where one belongs")
        storage, offset, sizes, strides = value.args[:4]
        return strided(self._storage(storage), offset, sizes, strides)

    def _storage(self, value: Call | Reference) -> np.ndarray:
        if isinstance(value, Call) and value.name == LOAD and len(value.args) == 1:
            data = value.args[0]
            if not isinstance(data, memoryview):
                raise RefusedPickle("a storage in it is no bytes")
            return _only_storage(data)
        if self._find is None or not isinstance(value, Reference):
            raise RefusedPickle("a tensor in it has no storage")
        return self.storage(value)

    def storage(self, reference: Reference) -> np.ndarray:
        """The elements of a storage: ndarray of one axis, read once; bfloat16 as float32."""
        key, kind, count = describe(reference)
        if (key, kind, count) not in self._storages:
            self._storages[key, kind, count] = _elements(self._find, key, kind, count)
        return self._storages[key, kind, count]


def _elements(find: Callable[..., Any], key: str, kind: str, count: int) -> np.ndarray:
    width = 2 if kind == "bf" else np.dtype(kind).itemsize
    data = find(key, count * width)
    if len(data) != count * width:
        raise RefusedPickle("a storage in it is shorter than it says")
    if kind != "bf":
        return np.frombuffer(data, kind)
    return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)


def describe(reference: Reference) -> tuple[str, str, int]:
    """(key, type of elements, their count) of a `Reference` to a storage."""
    value = reference.value
    if not isinstance(value, tuple) or len(value) not in (5, 6) or value[0] != "storage":
        raise RefusedPickle("a reference in it is none to a storage")
    _, kind, key, _, count, *view = value
    kind = _STORAGE_NAMES.get(kind.text) if isinstance(kind, Name) else None
    if kind is None or not isinstance(key, str) or type(count) is not int or count < 0 or view not in ([], [None]):
        raise RefusedPickle("a storage in it is described in a way that is unknown")
    return key, kind, count


def is_stream(head: bytes) -> bool:
    """Whether the first bytes of a file are those of PyTorch's older format: a pickle of its magic number."""
    return head[:1] == b"\x80" and head[2:14] == b"\x8a\x0a" + MAGIC.to_bytes(10, "little")


def parse_stream(buffer: Any, start: int = 0) -> tuple[Reference | dict[str, Call | float], Tensors]:
    """Reads PyTorch's older format.

    Args:
        buffer: `memoryview`.
        start: where it begins.

    Returns:
        (the object, `Tensors`).

    Raises:
        RefusedPickle: where it is none, or is damaged.
    """
    position, parts = start, []
    for _ in range(5):
        value, position = parse(buffer, position, TORCH_NAMES)
        parts.append(value)
    magic, protocol, facts, value, keys = parts
    if magic != MAGIC or protocol != PROTOCOL or not isinstance(facts, dict) or facts.get("little_endian") is not True:
        raise RefusedPickle("it is no stream of PyTorch with the usual order of bytes")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise RefusedPickle("the list of storages in it is none")
    return value, Tensors(_Storages(buffer, position, value, keys).find)


def _only_storage(buffer: Any) -> np.ndarray:
    """The elements of the one storage that a stream or archive in a tensor holds."""
    if bytes(buffer[:4]) == b"PK\x03\x04":
        value, tensors = parse_archive(buffer)
    else:
        value, tensors = parse_stream(buffer)
    if not isinstance(value, Reference):
        raise RefusedPickle("a tensor in it holds something else than a storage")
    return tensors.storage(value)


class _Storages:
    """Where the storages of a stream lie: they follow each other, each after the number of its elements."""

    def __init__(self, buffer: Any, position: int, value: Reference | dict[str, Call | float], keys: list[str]) -> None:
        widths = {}
        for reference in references(value):
            key, kind, _ = describe(reference)
            widths[key] = 2 if kind == "bf" else np.dtype(kind).itemsize
        self._parts = {}
        for key in keys:
            if key not in widths:
                raise RefusedPickle("a storage in it belongs to no tensor")
            count = int.from_bytes(buffer[position : position + 8], "little", signed=True)
            end = position + 8 + count * widths[key]
            if count < 0 or end > len(buffer):
                raise RefusedPickle("it ends in the middle of a storage: the file was cut off")
            self._parts[key] = buffer[position + 8 : end]
            position = end

    def find(self, key: str, _size: int) -> Any:
        if key not in self._parts:
            raise RefusedPickle("a storage of a tensor in it is missing")
        return self._parts[key]


def references(value: Any) -> list[Reference]:
    """Every `Reference` in a value, each object visited once: a list."""
    seen, left, listed = set(), [value], []
    while left:
        item = left.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, Reference):
            listed.append(item)
        elif isinstance(item, dict):
            left += item.values()
        elif isinstance(item, (list, tuple)):
            left += item
        elif isinstance(item, Call):
            left += [item.args, item.state, item.items]
    return listed


def parse_archive(buffer: Any) -> tuple[dict[str, Any], Tensors]:
    """Reads PyTorch's zip format; arguments, result and errors as of `parse_stream`."""
    archive = _open_archive(buffer)
    names = [info.filename for info in archive.infolist()]
    inside = [name for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(inside) != 1:
        raise RefusedPickle("it is a zip file, but none of PyTorch's")
    folder = inside[0].removesuffix("data.pkl")
    order = f"{folder}byteorder"
    if order in names and bytes(_member(buffer, archive.getinfo(order), 100)) != b"little":
        raise RefusedPickle("its order of bytes is not the usual one")
    pickled = _member(buffer, archive.getinfo(inside[0]), len(buffer))
    value, _ = parse(pickled, 0, TORCH_NAMES)

    def find(key: str, size: int) -> Any:
        name = f"{folder}data/{key}"
        if name not in names:
            raise RefusedPickle("a storage of a tensor in it is missing")
        return _member(buffer, archive.getinfo(name), size)

    return value, Tensors(find)


class _Buffer:
    """A file object over a `memoryview`, for `zipfile`."""

    def __init__(self, buffer: Any) -> None:
        self._buffer = buffer
        self._position = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._position, len(self._buffer))[whence]
        self._position = max(base + offset, 0)
        return self._position

    def read(self, count: int = -1) -> bytes:
        end = len(self._buffer) if count is None or count < 0 else self._position + count
        part = bytes(self._buffer[self._position : end])
        self._position += len(part)
        return part


def _open_archive(buffer: Any) -> zipfile.ZipFile:
    end = bytes(buffer[-65_557:]).rfind(b"PK\x05\x06")
    tail = bytes(buffer[-65_557:])[end:] if end >= 0 else b""
    if len(tail) < 22:
        raise RefusedPickle("it ends too early: the file was cut off")
    size = int.from_bytes(tail[12:16], "little")
    if size == 0xFFFFFFFF:  # the size stands in a larger record before it
        record = bytes(buffer[-65_557:])[:end]
        size = int.from_bytes(record[record.rfind(b"PK\x06\x06") :][40:48], "little")
    if size > limits.DIRECTORY:
        raise RefusedPickle("its list of members is longer than networks need")
    try:
        archive = zipfile.ZipFile(_Buffer(buffer))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, OverflowError) as error:
        raise RefusedPickle("it is a damaged zip file") from error
    members = archive.infolist()
    if any(info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 for info in members):
        raise RefusedPickle("a member of the zip file is compressed or encrypted, which PyTorch never does")
    if sum(info.file_size for info in members) > len(buffer):
        raise RefusedPickle("the members of the zip file are larger than the file")
    if len({info.filename for info in members}) < len(members):
        raise RefusedPickle("two members of the zip file have the same name")
    return archive


def _member(buffer: Any, info: zipfile.ZipInfo, most: int) -> Any:
    """The bytes of a member as a `memoryview` of the file; it may be `most` long."""
    if info.file_size > most:
        raise RefusedPickle("a member of the zip file is larger than it may be")
    header = bytes(buffer[info.header_offset : info.header_offset + 30])
    if header[:4] != b"PK\x03\x04" or len(header) < 30:
        raise RefusedPickle("it is a damaged zip file")
    name, extra = (int.from_bytes(header[index : index + 2], "little") for index in (26, 28))
    start = info.header_offset + 30 + name + extra
    data = buffer[start : start + info.file_size]
    if len(data) < info.file_size or zlib.crc32(data) != info.CRC:
        raise RefusedPickle("a member of the zip file is damaged")
    return data
