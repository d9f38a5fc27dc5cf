import base64
import hashlib
import io
import json
import tarfile

import numpy as np
import pytest

from keras_transfer_gen.saved_models import convert_movenet_lightning as convert
from keras_transfer_gen.shipped_weights import read_shipped_weights

SHIPPED_SHA256 = "1f384ba94c563224af8778d3f30feebed5509ef8aa60eef7b5d294d8c303ad6a"


def text(value):
    return base64.b64encode(value.encode()).decode()


def node(name, operation, inputs, stride=1, fused=("BiasAdd", "Relu6")):
    attributes = {
        "strides": {"list": {"i": ["1", str(stride), str(stride), "1"]}}, "padding": {"s": text("SAME")},
        "fused_ops": {"list": {"s": [text(part) for part in fused]}},
    }  # fmt: skip
    return {"name": name, "op": operation, "input": inputs, "attr": attributes}


@pytest.fixture
def model():
    """(description, numbers) of a graph of a stem, one block of depthwise and projection, and a head."""
    generator = np.random.default_rng(0)
    shapes = {"k0": (3, 3, 3, 4), "b0": (4,), "k1": (3, 3, 4, 1), "b1": (4,), "k2": (1, 1, 4, 2), "b2": (2,),
              "k3": (1, 1, 2, 5), "b3": (5,), "k4": (1, 1, 5, 1), "b4": (1,)}  # fmt: skip
    arrays = {name: generator.normal(size=shape).astype("<f2") for name, shape in shapes.items()}
    arrays |= {"zero": np.zeros(1, "<f4"), "scale": np.full(1, 1 / 127.5, "<f4"), "one": np.ones(1, "<f4")}
    weights = [
        {"name": name, "shape": list(array.shape), "dtype": "float32",
         **({"quantization": {"dtype": "float16"}} if array.dtype == np.float16 else {})}
        for name, array in arrays.items()
    ]  # fmt: skip
    nodes = [
        {"name": "image", "op": "Placeholder"}, node("resized", "Squeeze", ["image"]),
        node("centred", "Sub", ["resized", "zero"]), node("scaled", "Mul", ["centred", "scale"]),
        node("shifted", "Sub", ["scaled", "one"]), node("stem", "_FusedConv2D", ["shifted", "k0", "b0"], 2),
        node("deep", "FusedDepthwiseConv2dNative", ["stem", "k1", "b1"]),
        node("project", "_FusedConv2D", ["deep", "k2", "b2"], fused=("BiasAdd",)),
        node("x/out_relu/Relu6", "_FusedConv2D", ["project", "k3", "b3"]),
        node("joints", "_FusedConv2D", ["x/out_relu/Relu6", "k4", "b4"]),
    ]  # fmt: skip
    description = {"weightsManifest": [{"weights": weights}], "modelTopology": {"node": nodes}}
    return json.dumps(description).encode(), b"".join(array.tobytes() for array in arrays.values()), arrays


def test_body_is_taken_as_it_is_stored(model):
    description, numbers, stored = model
    nodes, constants = convert.read_graph(description, numbers)
    arrays = convert.convert(nodes, constants)
    assert list(arrays) == [
        f"{layer}/{part}" for layer in ("stem", "block0_depthwise", "block0_project", "head")
        for part in ("kernel", "bias")
    ]  # fmt: skip
    for name, key in zip(arrays, ("k0", "b0", "k1", "b1", "k2", "b2", "k3", "b3"), strict=True):
        assert arrays[name].dtype == np.float16 and np.array_equal(arrays[name], stored[key])


def test_graph_is_computed_operation_by_operation(model):
    nodes, constants = convert.read_graph(*model[:2])
    images = np.random.default_rng(1).uniform(0, 255, (2, 1, 1, 3)).astype(np.float32)
    x = images[:, 0, 0] / 127.5 - 1  # of one pixel: the middle of each kernel
    w = {name: array.astype(np.float32) for name, array in model[2].items()}
    x = np.clip(x @ w["k0"][1, 1] + w["b0"], 0, 6)
    x = np.clip(x * w["k1"][1, 1, :, 0] + w["b1"], 0, 6)
    x = np.clip((x @ w["k2"][0, 0] + w["b2"]) @ w["k3"][0, 0] + w["b3"], 0, 6)
    np.testing.assert_allclose(convert.compute_body(nodes, constants, images)[:, 0, 0], x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("change", "word"), [(lambda x: x[:-1], "short"), (lambda x: x + b"1", "long")])
def test_numbers_of_another_length_are_refused(model, change, word):
    with pytest.raises(ValueError, match=f"too {word} for its description"):
        convert.read_graph(model[0], change(model[1]))


def test_weights_that_differ_from_the_graph_are_not_written(model):
    shipped = {name: array.copy() for name, array in read_shipped_weights("movenet_lightning").items()}
    nodes, constants = convert.read_graph(*model[:2])
    constants = {**constants, "k3": np.zeros((1, 1, 2, 1280)), "b3": np.zeros(1280)}
    with pytest.raises(ValueError, match="the Keras network differs from the graph"):
        convert.check(nodes, constants, shipped)


def test_package_is_read_where_it_is_the_audited_one(model, tmp_path):
    with tarfile.open(tmp_path / "package.tgz", "w:gz") as archive:
        parts = {f"{convert.MODEL}.json": model[0], f"{convert.MODEL}.bin": model[1], "package/LICENSE": b"MIT"}
        for name, content in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    digest = hashlib.sha256((tmp_path / "package.tgz").read_bytes()).hexdigest()
    assert convert.read_package(tmp_path / "package.tgz", digest) == (model[0], model[1], b"MIT")
    with pytest.raises(ValueError, match="is not the expected package: SHA-256"):
        convert.read_package(tmp_path / "package.tgz")


def test_shipped_weights_are_whole_and_small_and_have_notice_and_licence():
    folder = convert.Path(convert.__file__).parent / "movenet_lightning"
    assert hashlib.sha256((folder / "weights.npz").read_bytes()).hexdigest() == SHIPPED_SHA256
    assert (folder / "weights.npz").stat().st_size < 5e6
    assert (folder / "NOTICE").read_text(encoding="utf-8") == convert.NOTICE
    assert "MIT License" in (folder / "LICENSE").read_text(encoding="utf-8")
