import io
import pickle
import struct
import zipfile

import numpy as np
import pytest

from keras_transfer_gen.transfer.pickles import torch_streams
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from tests.torch_files import Storage, Tensor, TorchPickler, lend_torch_names

NUMBERS = np.arange(6, dtype=np.float32)
BYTES = NUMBERS.tobytes()


def pickled(value, *extra):
    stream = io.BytesIO()
    TorchPickler(stream, *extra).dump(value)
    return stream.getvalue()


@pytest.fixture
def value(monkeypatch):
    lend_torch_names(monkeypatch)
    return {"a": Tensor(Storage("k", 6), 0, (2, 3), (3, 1)), "b": Tensor(Storage("k", 6), 1, (2,), (3,))}


def old_stream(value, keys=("k",), count=6, data=BYTES, little=True):
    parts = [torch_streams.MAGIC, torch_streams.PROTOCOL, {"little_endian": little}]
    head = b"".join(pickle.dumps(part, 2) for part in parts)
    return head + pickled(value, None) + pickle.dumps(list(keys), 2) + struct.pack("<q", count) + data


def archive(value, compression=zipfile.ZIP_STORED, order=b"little", data=BYTES, twice=False):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as file:
        file.writestr("net/data.pkl", pickled(value))
        file.writestr("net/byteorder", order)
        file.writestr("net/data/k", data)
        if twice:
            with pytest.warns(UserWarning, match="Duplicate"):
                file.writestr("net/data/k", data)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["stream", "archive"])
def test_tensors_are_parts_of_storages(value, form):
    data = old_stream(value) if form == "stream" else archive(value)
    parse = torch_streams.parse_stream if form == "stream" else torch_streams.parse_archive
    assert torch_streams.is_stream(data[:64]) == (form == "stream")
    read, tensors = parse(memoryview(data))
    assert tensors.is_tensor(read["a"]) and not tensors.is_tensor(7)
    np.testing.assert_array_equal(tensors.array(read["a"]), NUMBERS.reshape(2, 3))
    np.testing.assert_array_equal(tensors.array(read["b"]), [1, 4])


def test_bfloat16_is_the_upper_half_of_float32():
    reference = torch_streams.Reference(("storage", torch_streams.Name("torch.BFloat16Storage"), "k", "cpu", 2))
    halves = np.float32([1.5, -2]).view(np.uint32) >> 16
    tensors = torch_streams.Tensors(lambda key, size: memoryview(halves.astype("<u2").tobytes()))
    np.testing.assert_array_equal(tensors.storage(reference), [1.5, -2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"little": False}, "usual order of bytes"),
        ({"data": BYTES[:-1]}, "the file was cut off"),
        ({"count": 2**40}, "the file was cut off"),
        ({"keys": ("other",)}, "belongs to no tensor"),
        ({"keys": (1,)}, "list of storages"),
    ],
)
def test_damaged_streams_are_refused(value, arguments, message):
    with pytest.raises(RefusedPickle, match=message):
        torch_streams.parse_stream(memoryview(old_stream(value, **arguments)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"compression": zipfile.ZIP_DEFLATED}, "compressed or encrypted"),
        ({"order": b"big"}, "order of bytes"),
        ({"twice": True}, "same name"),
    ],
)
def test_other_archives_are_refused(value, arguments, message):
    with pytest.raises(RefusedPickle, match=message):
        torch_streams.parse_archive(memoryview(archive(value, **arguments)))


def test_damaged_archives_are_refused(value):
    data = archive(value)
    with pytest.raises(RefusedPickle, match="the file was cut off"):
        torch_streams.parse_archive(memoryview(data[:-100]))
    changed = bytearray(data)
    changed[data.index(BYTES) + 5] ^= 1
    read, tensors = torch_streams.parse_archive(memoryview(bytes(changed)))
    with pytest.raises(RefusedPickle, match="is damaged"):
        tensors.array(read["a"])
    with pytest.raises(RefusedPickle, match="shorter than it says|larger than it may be"):
        read, tensors = torch_streams.parse_archive(memoryview(archive(value, data=b"1234")))
        tensors.array(read["a"])


def test_every_storage_is_reported_once():
    reference = torch_streams.Reference(())
    loop = [reference, {"a": (reference,)}]
    loop.append(loop)
    assert torch_streams.references(loop) == [reference]
