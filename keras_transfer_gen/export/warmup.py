"""Requests that TF Serving answers before it says that a model is ready, so that the first user does not wait.

The file is a TFRecord of `PredictionLog` messages. They are encoded here by hand, four nested messages and a map, so
that an export does not need the package `tensorflow-serving-api`; the tests read the file with that package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from pathlib import Path

    from keras_transfer_gen.export.servable import Servable


WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
# Numbers of fields in TensorFlow Serving's messages:
_PREDICT_LOG = 6  # of PredictionLog
_REQUEST = 1  # of PredictLog
_MODEL_SPEC, _INPUTS = 1, 2  # of PredictRequest
_NAME, _SIGNATURE_NAME = 1, 3  # of ModelSpec
_KEY, _VALUE = 1, 2  # of an entry of a map


def write_warmup(path: Path, requests: dict[str, dict[str, float | np.ndarray]], model_name: str) -> None:
    """Writes the warm-up requests of a SavedModel.

    Args:
        path: file to write, `WARMUP_FILE` in the folder of the SavedModel.
        requests: {name of a signature: {input: ndarray}}.
        model_name: what TF Serving calls the model.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in requests.items():
            writer.write(prediction_log(model_name, signature, inputs))


def warmup_requests(servable: Servable, signature_names: dict[str, str]) -> dict[str, dict[str, float | np.ndarray]]:
    """One small request for each signature: one row, or one image.

    Args:
        servable: `Servable`.
        signature_names: {name of a function: name of its signature}.
    """
    requests = {}
    for name, function in servable.functions.items():
        inputs = {key: value[:1] if np.ndim(value) else value for key, value in function.examples.items()}
        if "num" in inputs:
            inputs["num"] = np.int32(1)
        requests[signature_names[name]] = inputs
    return requests


def prediction_log(model_name: str, signature: str, inputs: dict[str, Any]) -> bytes:
    """The bytes of one `PredictionLog` with a `PredictRequest`.

    Args:
        model_name: what TF Serving calls the model.
        signature: name of a signature.
        inputs: {input: ndarray}.
    """
    spec = _field(_NAME, model_name.encode()) + _field(_SIGNATURE_NAME, signature.encode())
    request = _field(_MODEL_SPEC, spec)
    for name, value in inputs.items():
        tensor = tf.make_tensor_proto(value).SerializeToString()
        request += _field(_INPUTS, _field(_KEY, name.encode()) + _field(_VALUE, tensor))
    return _field(_PREDICT_LOG, _field(_REQUEST, request))


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes: its number and wire type 2, its length, its content."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])
