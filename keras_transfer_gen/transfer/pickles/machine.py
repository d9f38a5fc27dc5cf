"""A stack machine that turns a pickle into plain data and records of calls. It imports and calls nothing."""

from __future__ import annotations

import struct
from typing import Any

from keras_transfer_gen.transfer.pickles import limits
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.records import Call, Name, Reference

_MARK = object()


def parse(buffer: Any, start: int = 0, names: frozenset[str] = frozenset()) -> Any:
    """Reads one pickle.

    Args:
        buffer: `memoryview` of bytes; long byte strings of the result are views of it.
        start: where the pickle begins.
        names: the names ("module.attribute") that it may mention; any other is refused.

    Returns:
        (value, position behind it). A value is None, a bool, int, float, str, `memoryview` (bytes), list, tuple, dict
        with texts as keys (entries with other keys are left out), `Name`, `Call` or `Reference`. Lists may contain
        themselves: never print or copy a value without a memo.

    Raises:
        RefusedPickle: for what the limits or `names` don't allow, and for what is no whole pickle.
    """
    machine = _Machine(buffer, start, names)
    try:
        return machine.run(), machine.position
    except (IndexError, struct.error, UnicodeDecodeError, OverflowError) as error:
        raise RefusedPickle("it is damaged: its instructions don't fit each other") from error


class _Machine:
    """The state of one reading."""

    def __init__(self, buffer: Any, start: int, names: frozenset[str]) -> None:
        self.buffer = buffer
        self.position = start
        self.names = names
        self.stack = []
        self.memo = []
        self.text = 0

    def run(self) -> Any:
        for _ in range(limits.OPCODES):
            code = self.take(1)[0]
            if code == 0x2E:  # STOP
                return self.stack.pop()
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise RefusedPickle(f"it holds the instruction {_name_of(code)}, which networks don't need")
            operation(self)
        raise RefusedPickle(f"it holds more than {limits.OPCODES:,} instructions")

    def take(self, count: int) -> Any:
        """The next bytes, without copying."""
        end = self.position + count
        if count < 0 or end > len(self.buffer):
            raise RefusedPickle("it ends too early: the file was cut off, or is none of this kind")
        part = self.buffer[self.position : end]
        self.position = end
        return part

    def number(self, form: str) -> float:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> str:
        """The text up to the end of a line."""
        part = bytes(self.buffer[self.position : self.position + limits.NAME + 1])
        length = part.find(b"\n")
        if length < 0:
            raise RefusedPickle(f"a name in it is longer than {limits.NAME} characters")
        self.position += length + 1
        return part[:length].decode("utf-8")

    def decode(self, count: int) -> str:
        self.text += count
        if count > limits.TEXT or self.text > limits.ALL_TEXT:
            raise RefusedPickle("it holds more text than networks need")
        return str(self.take(count), "utf-8", "surrogatepass")

    def push(self, value: object) -> None:
        self.stack.append(value)

    def pop_mark(self) -> list[Any]:
        """The values above the last mark, which is removed."""
        index = len(self.stack) - 1
        while self.stack[index] is not _MARK:
            index -= 1
            if index < 0:
                raise RefusedPickle("it is damaged: a mark is missing")
        values = self.stack[index + 1 :]
        del self.stack[index:]
        return values

    def check_name(self, module: str, attribute: str) -> None:
        if not isinstance(module, str) or not isinstance(attribute, str):
            raise RefusedPickle("it names something by other than text")
        name = f"{module}.{attribute}"
        if name not in self.names:
            raise RefusedPickle(f"it would import {name[: limits.NAME]!r}, which no network needs")
        self.push(Name(name))

    def call(self) -> None:
        args, target = self.stack.pop(), self.stack.pop()
        if not isinstance(target, Name) or not isinstance(args, tuple):
            raise RefusedPickle("it would call something that is no name")
        self.push(Call(target.text, args))

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if not isinstance(target, Call):
            raise RefusedPickle("it would set the state of something that is no object")
        target.state = state

    def set_items(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        items = target.items if isinstance(target, Call) else target
        if not isinstance(items, dict):
            raise RefusedPickle("it would set an entry of something that is no dict")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if isinstance(key, str):
                items[key] = value
            elif not isinstance(key, (int, float, memoryview, type(None))):
                raise RefusedPickle("a key of a dict in it is no text and no number")

    def extend(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise RefusedPickle("it would append to something that is no list")
        target.extend(values)

    def remember(self, index: int) -> None:
        if index != len(self.memo):
            self.put_again(index)
        else:
            self.memo.append(self.stack[-1])

    def put_again(self, index: int) -> None:
        """Fills gaps up to a index, which writers of pickles leave only after a text that they did not keep."""
        if index > limits.OPCODES:
            raise RefusedPickle("it numbers its objects in a way that no writer does")
        self.memo.extend([None] * (index + 1 - len(self.memo)))
        self.memo[index] = self.stack[-1]

    def pairs_to_dict(self) -> None:
        pairs = self.pop_mark()
        self.push({})
        self.set_items(pairs)

    def whole_number(self, count: int) -> int:
        if count > limits.DIGITS:
            raise RefusedPickle(f"a number in it has {count:,} bytes")
        return int.from_bytes(self.take(count), "little", signed=True)

    def last_tuple(self, count: int) -> None:
        values = tuple(self.stack[-count:])
        if len(values) != count:
            raise RefusedPickle("it is damaged: a tuple lacks values")
        del self.stack[-count:]
        self.push(values)


def _set_item(machine: _Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    machine.set_items([key, value])


def _append(machine: _Machine) -> None:
    value = machine.stack.pop()
    machine.extend([value])


def _protocol(machine: _Machine) -> None:
    version = machine.number("<B")
    if version > 5:
        raise RefusedPickle(f"its protocol is {version}, which does not exist")


def _stack_global(machine: _Machine) -> None:
    attribute, module = machine.stack.pop(), machine.stack.pop()
    machine.check_name(module, attribute)


def _add_items(machine: _Machine) -> None:
    values = machine.pop_mark()
    machine.extend(values)


def _set_items(machine: _Machine) -> None:
    pairs = machine.pop_mark()
    if len(pairs) % 2:
        raise RefusedPickle("it is damaged: a key has no value")
    machine.set_items(pairs)


_OPERATIONS = {
    0x80: _protocol,
    0x95: lambda m: m.take(8),  # FRAME
    0x28: lambda m: m.push(_MARK),
    0x4E: lambda m: m.push(None),
    0x88: lambda m: m.push(True),
    0x89: lambda m: m.push(False),
    0x4A: lambda m: m.push(m.number("<i")),  # BININT
    0x4B: lambda m: m.push(m.number("<B")),
    0x4D: lambda m: m.push(m.number("<H")),
    0x8A: lambda m: m.push(m.whole_number(m.number("<B"))),  # LONG1
    0x8B: lambda m: m.push(m.whole_number(m.number("<I"))),  # LONG4
    0x47: lambda m: m.push(m.number(">d")),  # BINFLOAT
    0x58: lambda m: m.push(m.decode(m.number("<I"))),  # BINUNICODE
    0x8C: lambda m: m.push(m.decode(m.number("<B"))),
    0x8D: lambda m: m.push(m.decode(m.number("<Q"))),
    0x42: lambda m: m.push(m.take(m.number("<I"))),  # BINBYTES
    0x43: lambda m: m.push(m.take(m.number("<B"))),
    0x8E: lambda m: m.push(m.take(m.number("<Q"))),
    0x7D: lambda m: m.push({}),
    0x5D: lambda m: m.push([]),
    0x8F: lambda m: m.push([]),  # EMPTY_SET: its order says nothing, but what it holds may not be hashed
    0x29: lambda m: m.push(()),
    0x74: lambda m: m.push(tuple(m.pop_mark())),
    0x85: lambda m: m.last_tuple(1),
    0x86: lambda m: m.last_tuple(2),
    0x87: lambda m: m.last_tuple(3),
    0x6C: lambda m: m.push(m.pop_mark()),  # LIST
    0x64: lambda m: m.pairs_to_dict(),  # DICT
    0x73: _set_item,
    0x75: _set_items,
    0x61: _append,
    0x65: _add_items,  # APPENDS
    0x90: _add_items,
    0x71: lambda m: m.remember(m.number("<B")),  # BINPUT
    0x72: lambda m: m.remember(m.number("<I")),
    0x94: lambda m: m.remember(len(m.memo)),  # MEMOIZE
    0x68: lambda m: m.push(m.memo[m.number("<B")]),  # BINGET
    0x6A: lambda m: m.push(m.memo[m.number("<I")]),
    0x63: lambda m: m.check_name(m.line(), m.line()),  # GLOBAL
    0x93: _stack_global,
    0x52: lambda m: m.call(),  # REDUCE
    0x81: lambda m: m.call(),  # NEWOBJ
    0x62: lambda m: m.build(),
    0x51: lambda m: m.push(Reference(m.stack.pop())),  # BINPERSID
}


def _name_of(code: int) -> str:
    """The name of an instruction, such as "INST"."""
    import pickletools

    return next((entry.name for entry in pickletools.opcodes if entry.code == chr(code)), f"0x{code:02x}")
