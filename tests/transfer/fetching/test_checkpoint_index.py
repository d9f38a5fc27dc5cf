import pytest
import tensorflow as tf

from keras_transfer_gen.transfer.fetching.checkpoint_index import shard_sizes


def written(folder, arrays, shards=1):
    """Bytes of the index and sizes of the data files of a checkpoint in `shards` files, as TensorFlow writes it."""
    parts = []
    names = sorted(arrays)
    for number in range(shards):
        mine = names[number::shards]
        prefix = str(folder / f"part-{number}")
        tf.raw_ops.SaveV2(prefix=prefix, tensor_names=mine, shape_and_slices=[""] * len(mine),
                          tensors=[arrays[name] for name in mine])  # fmt: skip
        parts.append(prefix)
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=parts, destination_prefix=str(folder / "variables"))
    data = sorted(folder.glob("variables.data-*"))
    return (folder / "variables.index").read_bytes(), [path.stat().st_size for path in data]


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("count", [4, 3000], ids=["one block", "many blocks"])
def test_sizes_are_those_that_tensorflow_writes(tmp_path, shards, count):
    arrays = {f"layer_{number:04}/kernel": tf.fill([number % 7 + 1], 1.0) for number in range(count)}
    index, sizes = written(tmp_path, arrays, shards)
    assert len(sizes) == shards and shard_sizes(index) == sizes


def test_savedmodel_is_read(tf2_folder, tf1_folder):
    for folder in (tf2_folder, tf1_folder):
        (data,) = (folder / "variables").glob("variables.data-*")
        assert shard_sizes((folder / "variables" / "variables.index").read_bytes()) == [data.stat().st_size]


def test_every_cut_is_an_error(tf2_folder):
    index = (tf2_folder / "variables" / "variables.index").read_bytes()
    for length in range(len(index)):
        with pytest.raises(ValueError, match="footer"):
            shard_sizes(index[:length])


def test_damage_is_an_error_and_never_another(tf2_folder):
    """Whatever one byte is changed to, the answer is a list, None or a ValueError."""
    index = (tf2_folder / "variables" / "variables.index").read_bytes()
    answers = []
    for place in range(len(index)):
        for value in (0, 1, 127, 255):
            try:
                sizes = shard_sizes(index[:place] + bytes([value]) + index[place + 1 :])
                answers.append("list" if isinstance(sizes, list) else sizes)
            except ValueError:
                answers.append("error")
    assert set(answers) <= {"list", None, "error"} and answers.count("error") > 20


def test_compressed_blocks_are_left_to_tensorflow(tf2_folder):
    index = bytearray((tf2_folder / "variables" / "variables.index").read_bytes())
    start, size = index[-48 + 2], index[-48 + 3]  # the handle of the list of blocks, where both numbers are small
    if start > 127:
        start, size = (start & 127) | index[-48 + 3] << 7, index[-48 + 4]
    index[start + size] = 1
    assert shard_sizes(bytes(index)) is None
