"""From records to arrays of numbers, each checked against the bytes that there are before it is made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_transfer_gen.transfer.pickles import limits
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.records import Call

NUMPY_NAMES = frozenset({
    "numpy.dtype", "numpy.ndarray", "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "_codecs.encode",
})  # fmt: skip
_SCALARS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
_RECONSTRUCT = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
_KINDS = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
_ORDERS = {"<": "<", "=": "<", "|": "|", ">": ">"}


def raw_bytes(value: Any) -> Any:
    """The bytes that a value stands for: `memoryview`; older files write them as Latin-1 text.

    Raises:
        RefusedPickle: where it stands for something else.
    """
    if isinstance(value, memoryview):
        return value
    if isinstance(value, Call) and value.name == "_codecs.encode" and value.args[1:] == ("latin1",):
        value = value.args[0]
    if isinstance(value, str):
        try:
            return memoryview(value.encode("latin1"))
        except UnicodeEncodeError as error:
            raise RefusedPickle("bytes in it are written as a text that holds none") from error
    raise RefusedPickle("it holds something else where the bytes of numbers belong")


def dtype_of(value: Call) -> np.dtype:
    """The `numpy.dtype` of a record of one: a number of at most 8 bytes."""
    code = value.args[0] if isinstance(value, Call) and value.name == "numpy.dtype" and value.args else None
    code = bytes(code).decode("latin1") if isinstance(code, memoryview) else code
    if code not in _KINDS:
        raise RefusedPickle("an array in it holds something else than numbers")
    order = value.state[1] if isinstance(value.state, tuple) and len(value.state) > 1 else "<"
    order = bytes(order).decode("latin1") if isinstance(order, memoryview) else order
    if order not in _ORDERS:
        raise RefusedPickle("the order of bytes of an array in it is unknown")
    return np.dtype(_ORDERS[order] + code)


def plain(value: Any) -> float | str | None:
    """A number, text, bool or None of a pickle as Python's own, NumPy scalars too; None for everything else."""
    if isinstance(value, Call) and value.name in _SCALARS and len(value.args) == 2:
        dtype, data = dtype_of(value.args[0]), raw_bytes(value.args[1])
        return np.frombuffer(data, dtype, 1)[0].item() if len(data) == dtype.itemsize else None
    return value if isinstance(value, (bool, int, float, str)) else None


def is_array(value: Call | float | str) -> bool:
    """Whether a value is a record of a NumPy array."""
    return isinstance(value, Call) and value.name in (*_RECONSTRUCT, *_SCALARS)


def array_of(value: Call) -> np.ndarray:
    """The ndarray of a record of a NumPy array or scalar; it shares the memory of the file.

    Raises:
        RefusedPickle: where it holds other things than numbers, or its bytes don't fit its shape.
    """
    if isinstance(value, Call) and value.name in _SCALARS and len(value.args) == 2:
        return _from_bytes(raw_bytes(value.args[1]), dtype_of(value.args[0]), ())
    state = value.state if isinstance(value, Call) and value.name in _RECONSTRUCT else None
    if not isinstance(state, tuple) or len(state) != 5:
        raise RefusedPickle("an array in it is none")
    _, shape, dtype, fortran, data = state
    shape = check_sizes(shape)
    dtype = dtype_of(dtype)
    if isinstance(data, list):
        raise RefusedPickle("an array in it holds Python objects")
    array = _from_bytes(raw_bytes(data), dtype, shape[::-1] if fortran else shape)
    return array.T if fortran else array


def check_sizes(sizes: Sequence[int]) -> Any:
    """Sizes or strides as a tuple of int; a `RefusedPickle` where they are none."""
    numbers = isinstance(sizes, tuple) and all(type(size) is int and 0 <= size < 2**40 for size in sizes)
    if not numbers or len(sizes) > limits.DIMENSIONS:
        raise RefusedPickle("the shape of an array in it is none")
    return sizes


def _from_bytes(data: Any, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise RefusedPickle(f"an array in it has {len(data):,} bytes, which its shape does not need")
    return np.frombuffer(data, dtype).reshape(shape)


def strided(storage: np.ndarray, offset: int, sizes: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
    """A part of a storage as PyTorch describes it: ndarray, a view of the storage.

    Args:
        storage: ndarray of one axis.
        offset: of the first element, in elements.
        sizes: tuple.
        strides: tuple, in elements.

    Raises:
        RefusedPickle: where it does not lie in the storage, or repeats elements.
    """
    sizes, strides = check_sizes(sizes), check_sizes(strides)
    check_sizes((offset,))
    if len(sizes) != len(strides):
        raise RefusedPickle("a tensor in it has another number of strides than of sizes")
    count = math.prod(sizes)
    last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    if count > len(storage) or (count and last >= len(storage)):
        raise RefusedPickle("a tensor in it reaches beyond its storage")
    if not count:
        return np.zeros(sizes, storage.dtype)
    steps = tuple(stride * storage.itemsize for stride in strides)
    view = np.lib.stride_tricks.as_strided(storage[offset:], sizes, steps, writeable=False)
    return view
