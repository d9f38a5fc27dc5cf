import io
import tarfile

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.data import shards
from keras_transfer_gen.data.sources import read_images


def png(level):
    stream = io.BytesIO()
    Image.new("L", (8, 8), level).save(stream, "png")
    return stream.getvalue()


def write_tar(path, members):
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def write_records(path, examples):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for features in examples:
            parts = {}
            for name, value in features.items():
                if isinstance(value, bytes):
                    parts[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
                else:
                    parts[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
            writer.write(tf.train.Example(features=tf.train.Features(feature=parts)).SerializeToString())


def levels(image_set):
    return np.asarray(image_set.images)[:, 0, 0, 0].tolist()


def test_tar_shards_give_their_images_and_labels(tmp_path):
    write_tar(tmp_path / "a-0.tar", {"0.png": png(10), "0.cls": b"1", "0.json": b"{}", "1.png": png(20), "1.cls": b"0"})
    write_tar(tmp_path / "a-1.tar", {"in/2.PNG": png(30), "in/2.cls": b"1\n"})
    image_set = read_images(tmp_path, 8, 1, labels="folders")
    assert image_set.names == ["00000/a-0/1.png", "00001/a-0/0.png", "00001/a-1/in/2.PNG"]
    assert levels(image_set) == [20, 10, 30] and image_set.labels.tolist() == [0, 1, 1]
    assert levels(read_images(tmp_path / "a-*.tar", 8, 1)) == [20, 10, 30]
    assert levels(read_images(tmp_path / "a-1.tar", 8, 1)) == [30]


def test_tfrecords_give_their_images_and_name_what_has_none(tmp_path):
    path = tmp_path / "train.tfrecord-00000-of-00001"
    examples = [
        {"image/encoded": png(10), "image/class/label": 7}, {"other": 1}, {"image": png(20), "label": b"cats/tabby"},
    ]  # fmt: skip
    write_records(path, examples)
    image_set = read_images(path, 8, 1)
    assert image_set.names == [f"00007/{path.name}/00000000", f"cats_tabby/{path.name}/00000002"]
    assert levels(image_set) == [10, 20] and image_set.class_names == ["00007", "cats_tabby"]
    (skipped,) = image_set.skipped
    assert skipped.path.endswith("00000001") and skipped.reason == "no encoded image among its features (other)"
    path.write_bytes(path.read_bytes()[:-30])
    cut = read_images(path, 8, 1)
    assert levels(cut) == [10] and "the archive is cut off" in cut.skipped[-1].reason


def test_what_is_no_archive_is_refused_or_left_to_others(tmp_path):
    (tmp_path / "bad.tar").write_bytes(b"no archive at all" * 100)
    with pytest.raises(checks.UserFileError, match="a readable archive of images.*Copy or download"):
        read_images(tmp_path / "bad.tar", 8, 1)
    (tmp_path / "a.png").write_bytes(png(5))
    assert shards.find_shards(tmp_path) == [] and shards.find_shards(tmp_path / "a.png") == []
    assert shards.find_shards(tmp_path / "*.tar") == [tmp_path / "bad.tar"]
    assert shards.read_example(b"\xff\xff") == {}
