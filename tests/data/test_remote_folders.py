"""By TensorFlow's file system in memory, ram://, which needs no network."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer_gen import checks
from keras_transfer_gen.data.remote_folders import is_remote, list_remote_folder
from keras_transfer_gen.data.sources import read_images


def write(address, level):
    stream = io.BytesIO()
    Image.new("L", (8, 8), level).save(stream, "png")
    with tf.io.gfile.GFile(address, "wb") as file:
        file.write(stream.getvalue())


def test_folder_at_an_address_is_read_like_a_local_one():
    for name, level in (("cats/a.png", 10), ("dogs/b.png", 20), ("cats/.hidden.png", 30)):
        tf.io.gfile.makedirs(f"ram://photos/{name.partition('/')[0]}")
        write(f"ram://photos/{name}", level)
    image_set = read_images("ram://photos", 8, 1, labels="folders")
    assert image_set.names == ["cats/a.png", "dogs/b.png"] and image_set.hidden == ["cats/.hidden.png"]
    assert np.asarray(image_set.images)[:, 0, 0, 0].tolist() == [10, 20] and image_set.class_names == ["cats", "dogs"]
    entry = list_remote_folder("ram://photos/").entries[0]
    tf.io.gfile.remove("ram://photos/cats/a.png")
    with pytest.raises(OSError, match="NotFound|not found"):
        entry.open()


def test_addresses_that_cannot_be_read_are_named():
    with pytest.raises(checks.UserFileError, match="There is no folder at this address"):
        read_images("ram://nothing", 8, 1)
    with pytest.raises(checks.UserFileError, match="TensorFlow has no such file system.*copy the folder"):
        read_images("nosuch://bucket/photos", 8, 1)


def test_folder_that_cannot_be_listed_says_why(monkeypatch):
    def walk(address):
        raise tf.errors.PermissionDeniedError(None, None, "access denied\nand more")

    monkeypatch.setattr(tf.io.gfile, "isdir", lambda address: True)
    monkeypatch.setattr(tf.io.gfile, "walk", walk)
    with pytest.raises(checks.UserFileError, match="TensorFlow says: access denied. Copy the folder"):
        list_remote_folder("gs://bucket/photos")


def test_addresses_are_told_from_other_sources():
    assert is_remote("gs://bucket/a") and is_remote("s3://bucket/a")
    assert not any(map(is_remote, ("photos/", "tfds:mnist", "https://example.org/a.zip", 3)))
