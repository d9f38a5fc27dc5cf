import collections
import pickle

import pytest

from keras_transfer_gen.transfer.pickles import limits, machine
from keras_transfer_gen.transfer.pickles.limits import RefusedPickle
from keras_transfer_gen.transfer.pickles.records import Call, Name

PLAIN = {
    "none": None, "flags": [True, False], "numbers": [0, 255, 256, 70_000, -1, 2**40, -(2**100), 1.5, float("inf")],
    "texts": ["", "a", "ä\n", "x" * 300], "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "nested": {"a": {"b": []}},
}  # fmt: skip


def parse(data, names=()):
    return machine.parse(memoryview(data), 0, frozenset(names))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_data_is_read_as_pickle_reads_it(protocol):
    data = pickle.dumps(PLAIN, protocol)
    assert parse(data) == (PLAIN, len(data))
    assert parse(data + b"more") == (PLAIN, len(data))


def test_bytes_are_views_of_the_file():
    data = pickle.dumps([b"abc", b"x" * 1000], 4)
    (short, long), _ = parse(data)
    assert bytes(short) == b"abc" and long.obj is data and len(long) == 1000


def test_shared_objects_stay_one_and_sets_are_lists():
    shared = [1]
    value, _ = parse(pickle.dumps([shared, shared, {7}], 4))
    assert value[0] is value[1] and value[2] == [7]


def test_calls_become_records():
    data = pickle.dumps(collections.OrderedDict(a=1), 4)
    value, _ = parse(data, ["collections.OrderedDict"])
    assert isinstance(value, Call) and (value.name, value.args, value.items) == (
        "collections.OrderedDict",
        (),
        {"a": 1},
    )
    assert isinstance(parse(b"\x80\x02cos\nsystem\n.", ["os.system"])[0], Name)


def test_other_keys_than_texts_are_left_out():
    assert parse(pickle.dumps({1: 2, "a": 3, None: 4, b"b": 5}, 4))[0] == {"a": 3}
    with pytest.raises(RefusedPickle, match="a key of a dict in it is no text and no number"):
        parse(pickle.dumps({(1, 2): 3}, 4))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.", "would import 'os.system'"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "would import 'os.system'"),
        (b"\x80\x02K\x01)R.", "would call something that is no name"),
        (b"\x80\x02]}b.", "would set the state of something that is no object"),
        (b"\x80\x02K\x01K\x02a.", "append to something that is no list"),
        (b"\x80\x02(S'a'\ni.", "instruction STRING"),
        (b"\x80\x02\x8b\xff\xff\xff\x7f", "a number in it has 2,147,483,647 bytes"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\x00\x00\x00", "ends too early"),
        (b"\x80\x04\x8d\x00\x00\x00\x00\x01\x00\x00\x00", "more text"),
        (b"\x80\x02r\xff\xff\xff\x7f", "numbers its objects"),
        (b"\x80\x02" + b"c" + b"m" * 300, "longer than 200 characters"),
        (b"\x80\x09.", "its protocol is 9"),
        (b"\x80\x02Nu.", "a mark is missing"),
        (b"\x80\x02.", "it is damaged"),
        (b"\x80\x02h\x05.", "it is damaged"),
        (b"\x80\x02" + b"N" * (limits.OPCODES + 1), "more than 300,000 instructions"),
        (b"", "ends too early"),
    ],
)
def test_what_networks_do_not_need_is_refused(data, message):
    with pytest.raises(RefusedPickle, match=message):
        parse(data)
