"""What TensorBoard reads: scalars, images, text and hyperparameters as summaries. Needs no tensorboard package.

TensorFlow 2.21 writes event files itself but leaves `tf.summary.scalar` and the like to the tensorboard package. These
functions write the same summaries through `tf.summary.write`.

Reference:
    https://github.com/tensorflow/tensorboard, "tensorboard/plugins": the metadata of each kind of summary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf
from google.protobuf import struct_pb2

if TYPE_CHECKING:
    import numpy as np


SCALARS, TENSORS, BLOBS = 1, 2, 3  # SummaryMetadata.data_class
HPARAMS_TAG = "_hparams_/session_start_info"
START_INFO = 3  # number of the field `session_start_info` of the plugin's message
LENGTH_DELIMITED = 2  # protobuf's wire type


def write_scalar(name: str, value: float, step: int) -> None:
    """Writes a number to the default writer.

    Args:
        name: of the chart; what stands before a slash groups charts.
        value: float.
        step: where on the axis it stands, int.
    """
    tf.summary.write(name, tf.constant(value, tf.float32), step, _metadata("scalars", SCALARS))


def write_image(name: str, image: np.ndarray, step: int) -> None:
    """Writes an image to the default writer.

    Args:
        name: of the image.
        image: uint8 `[H, W, 1 or 3]`.
        step: where on the axis it stands, int.
    """
    height, width, _ = image.shape
    png = tf.io.encode_png(image).numpy()
    tf.summary.write(name, tf.constant([str(width), str(height), png]), step, _metadata("images", BLOBS))


def write_text(name: str, markdown: str, step: int) -> None:
    """Writes a text to the default writer.

    Args:
        name: of the text.
        markdown: str.
        step: where on the axis it stands, int.
    """
    tf.summary.write(name, tf.constant([markdown]), step, _metadata("text", TENSORS))


def write_hyperparameters(values: dict[str, Any], step: int = 0) -> None:
    """Writes the settings of a run to the default writer: as a table of text, and for the dashboard HPARAMS.

    Args:
        values: {name: bool, number or text}; None is left out, and anything else becomes text.
        step: int.
    """
    known = {name: value for name, value in values.items() if value is not None}
    rows = [f"| {name} | {value} |" for name, value in known.items()]
    write_text("settings", "\n".join(["| setting | value |", "|---|---|", *rows]), step)
    metadata = _metadata("hparams", 0, _start_info(known))
    tf.summary.write(HPARAMS_TAG, tf.constant([0.0]), step, metadata)


def _metadata(plugin: str, data_class: int, content: bytes = b"") -> tf.compat.v1.SummaryMetadata:
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name, metadata.plugin_data.content = plugin, content
    metadata.data_class = data_class
    return metadata


def _start_info(values: dict[str, Any]) -> bytes:
    """The plugin's message with the values; its map of hyperparameters has the form of protobuf's `Struct`."""
    message = struct_pb2.Struct()
    message.update({name: _plain(value) for name, value in values.items()})
    content = message.SerializeToString()
    return bytes([START_INFO << 3 | LENGTH_DELIMITED]) + _varint(len(content)) + content


def _plain(value: object) -> bool | str | float:
    return value if isinstance(value, (bool, str)) else float(value) if isinstance(value, (int, float)) else str(value)


def _varint(number: int) -> bytes:
    digits = []
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])
