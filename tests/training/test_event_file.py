import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import struct_pb2

from keras_transfer_gen.training import event_file


@pytest.fixture
def values(tmp_path):
    """Function: what writes -> the values of the event file, `Summary.Value`s."""

    def read(write):
        writer = tf.summary.create_file_writer(str(tmp_path))
        with writer.as_default():
            write()
        writer.close()
        (path,) = tmp_path.iterdir()
        events = [tf.compat.v1.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
        return [(event.step, value) for event in events for value in event.summary.value]

    return read


def test_scalars_and_texts_are_tensors_of_their_plugins(values):
    def write():
        event_file.write_scalar("loss/d", 0.5, 7)
        event_file.write_text("settings", "| a |", 8)

    (step, scalar), (_, text) = values(write)
    assert (step, scalar.tag, scalar.metadata.plugin_data.plugin_name) == (7, "loss/d", "scalars")
    assert tf.make_ndarray(scalar.tensor) == 0.5 and scalar.metadata.data_class == 1
    assert text.metadata.plugin_data.plugin_name == "text" and tf.make_ndarray(text.tensor)[0] == b"| a |"


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_png_with_their_size(values, channels):
    image = np.random.default_rng(0).integers(0, 256, (4, 6, channels), np.uint8)
    ((_, value),) = values(lambda: event_file.write_image("images", image, 1))
    width, height, png = tf.make_ndarray(value.tensor)
    assert (width, height, value.metadata.plugin_data.plugin_name) == (b"6", b"4", "images")
    np.testing.assert_array_equal(tf.io.decode_png(png), image)


def test_hyperparameters_are_a_table_and_a_message_of_their_plugin(values):
    settings = {
        "kimg": 20.0,
        "seed": 0,
        "trust": False,
        "method": "full",
        "freeze": ["a"],
        "none": None,
        "x": "y" * 200,
    }
    (_, table), (_, message) = values(lambda: event_file.write_hyperparameters(settings))
    assert b"| method | full |" in tf.make_ndarray(table.tensor)[0] and b"none" not in tf.make_ndarray(table.tensor)[0]
    content = message.metadata.plugin_data.content
    assert message.tag == "_hparams_/session_start_info" and content[0] == 0x1A  # field 3, length-delimited
    length = content[1] & 127 | content[2] << 7
    known = struct_pb2.Struct.FromString(content[3:])
    assert length == len(content) - 3
    assert dict(known) == {
        "kimg": 20.0, "seed": 0.0, "trust": False, "method": "full", "freeze": "['a']", "x": "y" * 200,
    }  # fmt: skip
