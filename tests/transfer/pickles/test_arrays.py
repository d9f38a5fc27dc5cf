import pickle

import numpy as np
import pytest

from keras_transfer_gen.transfer.pickles import arrays, machine
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.records import Call

FORTRAN = np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3))


def record(value, protocol=4):
    return machine.parse(memoryview(pickle.dumps(value, protocol)), 0, arrays.NUMPY_NAMES)[0]


@pytest.mark.parametrize("array", [np.float32([[1, 2], [3, 4]]), np.arange(3, dtype=">i4"), np.zeros((1, 2)), FORTRAN])
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_come_back(array, protocol):
    value = record(array, protocol)
    assert arrays.is_array(value)
    back = arrays.array_of(value)
    assert back.dtype == array.dtype and np.array_equal(back, array)


def test_numpy_scalars_are_numbers():
    assert arrays.plain(record(np.float64(1.5))) == 1.5 and arrays.plain(record(np.int64(-3))) == -3
    assert arrays.plain(True) is True and arrays.plain([1]) is None
    assert arrays.array_of(record(np.float32(2))).shape == ()


@pytest.mark.parametrize("array", [np.array([object()], dtype=object), np.array(["text"]), np.array([1j])])
def test_other_things_than_numbers_are_refused(array):
    names = arrays.NUMPY_NAMES | {"builtins.object", "builtins.complex"}
    value = machine.parse(memoryview(pickle.dumps(array, 4)), 0, names | {"copyreg._reconstructor"})[0]
    with pytest.raises(RefusedPickle):
        arrays.array_of(value)


def test_bytes_must_fit_the_shape():
    value = record(np.zeros(4, np.float32))
    version, _, dtype, fortran, data = value.state
    for shape in ((5,), (2**39, 2**39), (-4,), (1,) * 9, [4]):
        with pytest.raises(RefusedPickle):
            arrays.array_of(Call(value.name, value.args, (version, shape, dtype, fortran, data)))


def test_strides_are_honoured_and_bounded():
    storage = np.arange(12, dtype=np.float32)
    np.testing.assert_array_equal(arrays.strided(storage, 1, (2, 3), (1, 2)), [[1, 3, 5], [2, 4, 6]])
    assert arrays.strided(storage, 0, (3, 4), (4, 1)).base is not None  # no copy
    assert arrays.strided(storage, 5, (), ()) == 5 and arrays.strided(storage, 0, (0, 3), (3, 1)).shape == (0, 3)
    for offset, sizes, strides in [
        (11, (2,), (1,)), (0, (10**9,), (0,)), (0, (2, 2), (1,)), (0, (2,), (-1,)), (-1, (2,), (1,)), (0, (2,), (40,)),
    ]:  # fmt: skip
        with pytest.raises(RefusedPickle):
            arrays.strided(storage, offset, sizes, strides)


def test_old_texts_stand_for_bytes():
    assert bytes(arrays.raw_bytes(Call("_codecs.encode", ("ä", "latin1")))) == b"\xe4"
    with pytest.raises(RefusedPickle):
        arrays.raw_bytes("\u20ac")
    with pytest.raises(RefusedPickle):
        arrays.raw_bytes(7)
