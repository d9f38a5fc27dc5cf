"""How long the data files of a TensorFlow checkpoint must be, read from its index without TensorFlow.

`variables.index` is a table of sorted keys in the layout of LevelDB: blocks of prefix-compressed entries, a block that
lists the blocks, and a footer of 48 bytes. The empty key holds the number of data files (shards); any other key holds,
for one variable, which shard it is in and where.

Reference:
    https://github.com/google/leveldb/blob/main/doc/table_format.md and tensorflow/core/protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

from collections.abc import Iterator

MAGIC = 0xDB4775248B80FB57
FOOTER_BYTES = 48
TRAILER_BYTES = 5  # after each block: one byte that names the compression, four of a checksum


def shard_sizes(index: bytes) -> list[int] | None:
    """The least size that each data file must have.

    Args:
        index: bytes, the content of a `variables.index`.

    Returns:
        list of int, bytes: one number for each shard. None where a block is compressed; TensorFlow never writes those.

    Raises:
        ValueError: where the bytes are no whole index.
    """
    if len(index) < FOOTER_BYTES or int.from_bytes(index[-8:], "little") != MAGIC:
        raise ValueError("the footer is missing")
    _, position = _handle(index, len(index) - FOOTER_BYTES)
    (start, size), _ = _handle(index, position)
    if index[start + size : start + size + 1] == b"\x01":
        return None
    sizes, header = {}, None
    for _, value in _entries(_block(index, start, size)):
        (start, size), _ = _handle(value, 0)
        if index[start + size : start + size + 1] == b"\x01":
            return None
        for key, entry in _entries(_block(index, start, size)):
            fields = dict(_fields(entry))
            if key == b"":
                header = fields
            else:  # BundleEntryProto: 3 is the shard, 4 the offset, 5 the size; a zero is left out
                shard = fields.get(3, 0)
                sizes[shard] = max(sizes.get(shard, 0), fields.get(4, 0) + fields.get(5, 0))
    if header is None:
        raise ValueError("the header is missing")
    shards = header.get(1, 0)  # BundleHeaderProto: 1 is the number of shards
    if not 0 <= shards <= 1_000_000 or any(shard >= shards for shard in sizes):
        raise ValueError("the number of shards is wrong")
    return [sizes.get(shard, 0) for shard in range(shards)]


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at `position`, 7 bits a byte, low bits first; and the position after it."""
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("a number is cut")
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position


def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    start, position = _varint(data, position)
    size, position = _varint(data, position)
    return (start, size), position


def _block(index: bytes, start: int, size: int) -> bytes:
    """The entries of a block, without the list of restart points at its end."""
    block = index[start : start + size]
    if len(block) < size or size < 4 or start + size + TRAILER_BYTES > len(index):
        raise ValueError("a block is cut")
    restarts = int.from_bytes(block[-4:], "little")
    if 4 * (restarts + 1) > size:
        raise ValueError("a block is damaged")
    return block[: size - 4 * (restarts + 1)]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) in order; a key gives only what differs from the one before it."""
    position, key = 0, b""
    while position < len(block):
        shared, position = _varint(block, position)
        own, position = _varint(block, position)
        size, position = _varint(block, position)
        if shared > len(key) or position + own + size > len(block):
            raise ValueError("an entry is cut")
        key = key[:shared] + block[position : position + own]
        yield key, block[position + own : position + own + size]
        position += own + size


def _fields(message: bytes) -> Iterator[tuple[int, int]]:
    """(number, value) of a protocol buffer's integer fields; others are skipped."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        kind = tag & 7
        if kind == 0:
            value, position = _varint(message, position)
            yield tag >> 3, value
        elif kind == 2:
            size, position = _varint(message, position)
            position += size
        elif kind in (1, 5):
            position += 8 if kind == 1 else 4
        else:
            raise ValueError("a field is of an unknown kind")
    if position != len(message):
        raise ValueError("a message is cut")
