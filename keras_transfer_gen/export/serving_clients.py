"""Two small programs that ask a TF Serving server for images: over REST, and over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_transfer_gen.specs import ModelSpec


def rest_client(name: str, spec: ModelSpec) -> str:
    """A Python program that needs the standard library alone.

    Args:
        name: what TF Serving calls the model.
        spec: `ModelSpec` of the model.
    """
    return _REST.format(name=name, **_parts(spec))


def grpc_client(name: str, spec: ModelSpec) -> str:
    """A Python program that needs `pip install tensorflow tensorflow-serving-api`.

    Args:
        name: what TF Serving calls the model.
        spec: `ModelSpec` of the model.
    """
    return _GRPC.format(name=name, **_parts(spec))


def _parts(spec: ModelSpec) -> dict[str, str]:
    parameters = f"num=4, seed=0, truncation={spec.truncation:g}"
    entries = '"num": num, "seed": seed, "truncation": truncation'
    if spec.num_classes:
        parameters, entries = f"{parameters}, label=-1", f'{entries}, "label": label'
    label = "; label is a class, or -1 to draw one for each image" if spec.num_classes else ""
    return {"parameters": parameters, "entries": entries, "label": label}


_REST = '''"""Asks TF Serving for generated images over REST, and writes them as PNG files: python client_rest.py"""

import base64
import json
import urllib.error
import urllib.request


def generate_png({parameters}, server="http://127.0.0.1:8501"):
    """The PNG files of the first images of a seed, a list of bytes{label}."""
    request = {{"signature_name": "generate_png", "inputs": {{{entries}}}}}
    body, headers = json.dumps(request).encode(), {{"Content-Type": "application/json"}}
    address = urllib.request.Request(f"{{server}}/v1/models/{name}:predict", body, headers)
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return [base64.b64decode(image["b64"]) for image in json.load(answer)["outputs"]]
    except urllib.error.HTTPError as error:
        raise ValueError(json.load(error)["error"]) from error


if __name__ == "__main__":
    for number, content in enumerate(generate_png()):
        with open(f"{{number:05d}}.png", "wb") as file:
            file.write(content)
'''
_GRPC = '''"""Asks TF Serving for generated images over gRPC, and writes them as PNG files: python client_grpc.py"""

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub


def generate({parameters}, server="127.0.0.1:8500"):
    """The first images of a seed, uint8 [num, H, W, C]{label}."""
    request = PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "{name}", "generate"
    for key, value in {{{entries}}}.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value, tf.float32 if key == "truncation" else tf.int32))
    options = [("grpc.max_receive_message_length", 512 * 1024**2)]
    with grpc.insecure_channel(server, options) as channel:
        answer = PredictionServiceStub(channel).Predict(request, timeout=60)
    return np.array(tf.make_ndarray(answer.outputs["images"]))


if __name__ == "__main__":
    for number, image in enumerate(generate()):
        tf.io.write_file(f"{{number:05d}}.png", tf.io.encode_png(image))
'''
