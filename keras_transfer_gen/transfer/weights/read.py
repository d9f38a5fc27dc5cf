"""Weights as a dict of name -> array, from files and models. Nothing is unpickled; no graph is run."""

from __future__ import annotations

import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import MultiNetwork
from keras_transfer_gen.saved_model_layout import GRAPHS, is_saved_model
from keras_transfer_gen.specs import find_model
from keras_transfer_gen.transfer.fetching import archives, presets
from keras_transfer_gen.transfer.fetching.address import is_address
from keras_transfer_gen.transfer.fetching.fetch import fetch_saved_model
from keras_transfer_gen.transfer.fetching.find import find_saved_model
from keras_transfer_gen.transfer.fetching.verify import check_trusted
from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.transfer.pickles.network_file import NetworkWeights
from keras_transfer_gen.transfer.pickles.read_file import read_network_file
from keras_transfer_gen.transfer.pickles.recognise import is_network_file
from keras_transfer_gen.transfer.weights.safetensors_file import read_safetensors

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


FORMS = (
    "a .keras, .weights.h5, .npz or .safetensors file, a StyleGAN2 file (.pkl, .pt), the prefix of a TensorFlow "
    "checkpoint, a SavedModel (folder, .tar.gz, TF Hub or Kaggle handle, https address) or a preset"
)
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"  # ends the key of a variable in TensorFlow's object-based checkpoints
_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_STATE = re.compile(r"(.*_)?optimizer(_\d+)?|seed_generator(_\d+)?|save_counter|\.OPTIMIZER_SLOT")


def read_weights(
    source: PathLike | Mapping[str, Any] | keras.Model, trust: bool = False
) -> NetworkWeights | dict[str, np.ndarray]:
    """Reads weights by name.

    The names depend on the source; ":0" at the end is removed:

    - a dict: its own names.
    - a Keras model, a `GAN`, a `.keras` file, the name of a preset: the paths of `leaf_layers` with the variable's name
      (`block_16/conv/kernel`). The file is loaded through Keras, since the weights in it are numbered and only the
      layers know the variables' names; in safe mode, unless `keras.config.enable_unsafe_deserialization()` was called.
      A GAN's averaged generator is left out.
    - `.weights.h5`: the layers' names and the variable's number (`block_16/conv/0`; see `stored_names`); a GAN's
      averaged generator is `ema_generator/...`. Files of Keras versions that did not store the layers' names have those
      of the classes (`conv2d_1/0`); files in Keras' older format have the names in the file.
    - `.npz` and `.safetensors`: their own names. Arrays of Python objects are refused.
    - a file of StyleGAN2 networks (`.pkl`, `.pt`): the official names after the network's, such as
      `G_ema.mapping.fc0.weight` and `D.b4.out.weight`, in the official layouts. A name without the network's stands for
      the averaged generator's, or else the discriminator's array. Nothing in the file is run.
    - a TensorFlow checkpoint or a SavedModel: each variable's original name (`generator/conv/kernel`); where two have
      the same name, their places in the object graph (`net/conv/kernel`). Of a SavedModel only the variables are read,
      and no graph is loaded. It may also be an archive (`.tar.gz`), a handle or another https address: see
      `fetch_saved_model`.

    Optimizers, metrics, random generators and counters in checkpoints are left out, where the file shows what they are.

    Args:
        source: one of the above; a path as str or `pathlib.Path`.
        trust: whether you vouch for a model from the web. Reading weights runs nothing, but the model is in the cache
            from then on, and is run from there when it is loaded.

    Returns:
        dict of name -> `numpy.ndarray` of numbers, in the source's order.

    Raises:
        UserError: for other sources, for an array that holds no numbers, and where two arrays have one name.
        UserFileError: where a file is missing, damaged or of another kind.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "weights.npz")
        >>> np.savez(path, **{"block_16/conv/kernel": np.zeros((3, 3, 8, 4))})
        >>> read_weights(path)["block_16/conv/kernel"].shape
        (3, 3, 8, 4)
    """
    if isinstance(source, Mapping):
        return _collect(source.items())
    if isinstance(source, (MultiNetwork, keras.layers.Layer)):
        return _collect(_model_weights(source))
    if not isinstance(source, (str, os.PathLike)):
        raise checks.user_error("weights", "a dict of arrays, a Keras model or a path", source, f"A path is {FORMS}.")
    with checks.named(source="weights"):
        path = _located(source, trust)
    if path.is_file() and not path.name.endswith(tuple(_READERS)) and is_network_file(path):
        with checks.named(source="weights"):
            return NetworkWeights.of(read_network_file(path))
    read = _reader(path)
    try:
        return _collect(read(path))
    except checks.USER_ERRORS:
        raise
    except Exception as error:  # h5py, Keras, NumPy and TensorFlow raise many kinds for a damaged file
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        step = f"It could not be read: {reason}"
        raise checks.file_error("weights", "a readable file of weights without Python objects", path, step) from error


def _located(source: PathLike, trust: bool) -> Path:
    """The file or folder behind a path, an archive, an address or the name of a preset, `pathlib.Path`."""
    text = os.fspath(source)
    if is_address(text):
        check_trusted(text, trust)
        return fetch_saved_model(text)
    if text in [preset.name for preset in presets.list_presets()]:
        return presets.preset_path(text)
    path = Path(source)
    if path.is_file() and path.name.lower().endswith(archives.SUFFIXES):
        return fetch_saved_model(path)
    if path.is_file() and path.name in GRAPHS:
        return path.parent
    if model := find_model(path):
        return model
    try:
        return find_saved_model(path, source=source) if path.is_dir() else path
    except checks.UserFileError:  # it may hold something else
        return path


def _reader(path: Path) -> Callable[..., Any]:
    """The function that reads this path as (name, array) pairs."""
    if path.is_dir():
        if is_saved_model(path):
            return _saved_model_weights
        checkpoints = sorted(file.with_suffix("") for file in path.glob("*.index"))
        models = sorted(path.rglob("*.keras"), key=lambda file: file.stat().st_mtime)
        step = f"Give {FORMS}."
        if checkpoints:
            step = f"Give a checkpoint in it by its prefix: {checkpoints[-1]}."
        elif models:
            step = f"Give a file in it: {models[-1]} is the newest."
        raise checks.file_error("weights", "a folder with a saved_model.pb, or a file", path, step)
    for suffix, read in _READERS.items():
        if path.name.endswith(suffix) and path.is_file():
            return read
    if path.with_name(f"{path.name}.index").is_file():
        return _checkpoint_weights
    if not path.exists():
        raise checks.file_error("weights", "an existing file or folder", path, f"Give {FORMS}.")
    prefix = re.sub(r"\.(index|data-\d+-of-\d+)$", "", str(path))
    step = f"Give a checkpoint by its prefix: {prefix}." if prefix != str(path) else ""
    raise checks.file_error("weights", FORMS, path, step)


def _model_weights(model: keras.Model) -> Iterator[tuple[str, Any]]:
    for leaf in leaves(model):
        yield from zip(leaf.variable_paths(), leaf.variables, strict=True)


def _keras_weights(path: Path) -> Any:
    return _model_weights(keras.models.load_model(path, compile=False, safe_mode=True))


def _npz_weights(path: Path) -> list[tuple[str, np.ndarray]]:
    if not zipfile.is_zipfile(path):
        raise ValueError("an .npz file is a zip archive, and this is none")
    with np.load(path, allow_pickle=False) as arrays:
        return [(name, arrays[name]) for name in arrays.files]


def _h5_weights(path: Path) -> list[tuple[str, np.ndarray]]:
    import h5py

    pairs = []
    with h5py.File(path, "r") as file:

        def visit(key: str, node: Any) -> None:  # follows only hard links, so that no link leads to another file
            if not isinstance(node, h5py.Dataset) or _is_state(key):
                return
            if node.external or node.is_virtual:
                raise ValueError(f"{key} is kept in another file")
            kind = tf.bfloat16.as_numpy_dtype if node.attrs.get("dtype") == "bfloat16" else node.dtype
            pairs.append((_h5_name(file, key), np.array(node, dtype=kind)))

        file.visititems(visit)
    return pairs


def _h5_name(file: Any, key: str) -> str:
    """`block_8/conv/0` for `layers/up_block/conv/vars/0`: each layer by its name, lists of layers left out."""
    *owners, number = key.split("/")
    if not owners or owners.pop() != "vars":
        return key
    groups = [file]
    for owner in owners:
        groups.append(groups[-1][owner])
    names = [_h5_label(group, owner) for group, owner in zip(groups, owners, strict=False) if "vars" in group[owner]]
    return "/".join([*names, number])


def _h5_label(group: Any, owner: str) -> str:
    """A layer's name; where another layer beside it has the same name, its key in the file."""
    named = [str(group[f"{other}/vars"].attrs.get("name", other)) for other in group if f"{other}/vars" in group]
    name = str(group[f"{owner}/vars"].attrs.get("name", owner))
    return name if named.count(name) == 1 else owner


def _saved_model_weights(path: Path) -> list[tuple[str, float | np.ndarray]]:
    prefix = path / "variables" / "variables"
    if not prefix.with_name("variables.index").is_file():
        raise checks.file_error("weights", "a SavedModel with variables", path, "It has no variables/variables.index.")
    return _checkpoint_weights(prefix)


def _checkpoint_weights(prefix: Path) -> list[tuple[str, float | np.ndarray]]:
    reader = tf.train.load_checkpoint(str(prefix))
    kinds = reader.get_variable_to_dtype_map()
    keys = [key for key in sorted(kinds) if kinds[key] != tf.string]
    kept = [key for key in keys if not _is_state(key)]
    names = _original_names(_object_graph(reader), kept) if _GRAPH in kinds else dict(zip(kept, kept, strict=True))
    return [(name, reader.get_tensor(key)) for key, name in names.items()]


def _object_graph(reader: Any) -> Any:
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    graph = trackable_object_graph_pb2.TrackableObjectGraph()
    graph.ParseFromString(reader.get_tensor(_GRAPH))
    return graph


def _of_metrics(graph: Any) -> set[str]:
    """Keys of the variables of Keras' metrics; a model that was compiled lists its metrics in `keras_api/metrics`."""

    def below(nodes: Iterable[Any], name: str | None = None) -> list[Any]:
        kept = [child for node in nodes for child in node.children if name in (None, child.local_name)]
        return [graph.nodes[child.node_id] for child in kept]

    metrics = below(below(below(graph.nodes, "keras_api"), "metrics"))
    return {attribute.checkpoint_key for node in below(metrics) for attribute in node.attributes}


def _original_names(graph: Any, keys: list[str]) -> dict[str, str]:
    """{checkpoint key: the variable's own name, or its place where two have one name}, in the graph's order."""
    metrics = _of_metrics(graph)
    keys = [key for key in keys if key not in metrics]
    own = {a.checkpoint_key: a.full_name for node in graph.nodes for a in node.attributes}
    own = {key: own.get(key) or key.removesuffix(_VALUE) for key in sorted(keys, key=[*own, *keys].index)}
    # Keras' export lists its variables once more in an attribute of its own, `_all_variables`.
    public = {name for key, name in own.items() if not key.startswith("_")}
    own = {key: name for key, name in own.items() if not (key.startswith("_") and name in public)}
    count = Counter(own.values())
    return {key: name if count[name] == 1 else key.removesuffix(_VALUE) for key, name in own.items()}


def _is_state(key: str) -> bool:
    """Whether a key is in an optimizer or a random generator, but is not a weight that an optimizer refers to."""
    parts = key.split("/")
    return any(map(_STATE.fullmatch, parts)) and "_trainable_variables" not in parts


def _collect(pairs: Any) -> dict[str, np.ndarray]:
    arrays = {}
    for name, value in pairs:
        name = str(name).removesuffix(":0")
        if name in arrays:
            step = "Two arrays have this name; give a dict instead."
            raise checks.user_error("weights", "one array for each name", name, step)
        arrays[name] = _array(name, value)
    return arrays


def _array(name: str, value: Any) -> np.ndarray:
    array = value.numpy() if isinstance(value, (keras.Variable, tf.Variable, tf.Tensor)) else np.asarray(value)
    if array.dtype.kind not in "biuf" and array.dtype != tf.bfloat16.as_numpy_dtype:
        step = f"The one named {name!r} is none; leave it out."
        raise checks.user_error("weights", "arrays of real numbers", str(array.dtype), step)
    return array


_READERS = {
    ".keras": _keras_weights, ".weights.h5": _h5_weights, ".npz": _npz_weights, ".safetensors": read_safetensors,
}  # fmt: skip
