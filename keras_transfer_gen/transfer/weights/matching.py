"""Loads weights into a model by name, strictly: what has no partner is an error unless `skip` names it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.protocols import MultiNetwork
from keras_transfer_gen.transfer.paths import leaves
from keras_transfer_gen.transfer.provenance import name_of, note_variable, source_of
from keras_transfer_gen.transfer.weights import channels
from keras_transfer_gen.transfer.weights.match_errors import (
    check_complete,
    check_rename,
    check_skip,
    check_used,
    renamed,
)
from keras_transfer_gen.transfer.weights.match_report import MatchReport, MatchRow
from keras_transfer_gen.transfer.weights.read import read_weights
from keras_transfer_gen.transfer.weights.stored_names import stored_names

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


_TRANSPOSED = re.compile(r"transpose|deconv", re.IGNORECASE)  # in the names of loaded graphs


def load_matching_weights(
    model: keras.layers.Layer,
    weights: PathLike | Mapping[str, Any] | keras.Model,
    rename: Sequence[tuple[str, str]] = (),
    skip: Sequence[str] = (),
    adapt_channels: bool = False,
    trust: bool = False,
) -> MatchReport:
    r"""Sets the variables of a model from weights with other names, a part of the layers or other channels.

    An array belongs to the variable whose path is its name (`generator/block_16/conv/kernel`, as `trainable_report`
    prints it) or whose place in a `.weights.h5` file is its name (`stored_names`). A variable or array without a
    partner of its shape is an error unless `skip` names it, and the model is then unchanged. Values are cast to the
    variable's dtype. Flags of what is trainable and optimizers stay as they are.

    Args:
        model: a `GAN` or any built Keras model or layer. A GAN's averaged generator is not set.
        weights: a dict of name -> array, a Keras model, a `.keras`, `.weights.h5` or `.npz` file, the prefix of a
            TensorFlow checkpoint, a SavedModel (folder, archive, handle, https address) or a preset; `read_weights`
            says which names each has.
        rename: ordered list of (regex, replacement) for the names in `weights`. The first regex that matches a name
            from end to end decides; groups in the replacement work as in `re.sub`, such as
            `("gen/(.*)", r"generator/\1")`.
        skip: regular expressions that match, from end to end, paths in the model or names in the weights (as they are
            or renamed) that may have no partner. Those that have a partner are loaded all the same.
        adapt_channels: True changes convolutions between grey (1 channel) and RGB (3 channels) where the shapes differ
            in nothing else. A convolution that takes images gives the same for grey images; one that gives images gives
            the mean of its three channels, or its grey image in RGB. Kernels are read as `[h, w, in, out]`, those of
            transposed convolutions as `[h, w, out, in]`. Inner layers with 1 or 3 channels are changed too.
        trust: whether you vouch for what is fetched from the web, see `read_weights`.

    Returns:
        `MatchReport`: `print` it, or read `.loaded`, `.adapted`, `.missing`, `.unexpected` and `.mismatched`.

    Raises:
        UserError: for variables without an array, arrays without a variable, other shapes, numbers of another kind,
            two arrays for one variable, or a pattern that is malformed or matches nothing.
        UserFileError: where a file is missing or damaged.

    Example:
        >>> inputs = keras.Input((3,))
        >>> model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
        >>> old = {"head/w": np.ones((3, 2)), "head/b": np.zeros(2), "step": np.array(7)}
        >>> rename = [("head/w", "logits/kernel"), ("head/b", "logits/bias")]
        >>> print(load_matching_weights(model, old, rename, skip=["step"]))
        path           model  weights  status
        logits/kernel  3 x 2    3 x 2  loaded from head/w
        logits/bias        2        2  loaded from head/b
        step               -   scalar  unexpected
        8 of 8 parameters are set (100.0%): 2 loaded, 0 adapted, 0 missing, 1 unexpected, 0 mismatched
    """
    rename, skip = check_rename(rename), check_skip(skip)
    variables, kernels = _variables(model)
    arrays = read_weights(weights, trust)
    names, partner = _pair(model, variables, arrays, rename)
    check_used("skip", skip, [*variables, *arrays, *names.values()])
    adaptable = _adapt(variables, arrays, partner, kernels)
    adapted = adaptable if adapt_channels else {}
    values = _values(variables, arrays, partner, adapted)
    report = MatchReport(tuple(_rows(variables, arrays, names, partner, values, adapted)))
    check_complete(report, skip, adaptable)
    origins = _origins(weights, arrays)
    for path, value in values.items():  # only here is the model changed
        variables[path].assign(value)
        note_variable(variables[path], origins[partner[path]])
    return report


def _variables(model: keras.layers.Layer) -> tuple[dict[str, keras.Variable], dict[str, Any]]:
    """({path: variable}, {path of a convolution's kernel: whether its last two axes are (out, in)})."""
    variables, kernels = {}, {}
    for leaf in leaves(model):
        for variable, path in zip(leaf.variables, leaf.variable_paths(), strict=True):
            if path in variables:
                step = "Give the layers different names."
                raise checks.user_error("model", "a model whose variables have different paths", path, step)
            variables[path] = variable
            transposed = isinstance(leaf.layer, keras.layers.Conv2DTranspose) or _TRANSPOSED.search(path)
            depthwise = isinstance(leaf.layer, (keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D))
            if len(variable.shape) == 4 and not depthwise:
                kernels[path] = bool(transposed)
    if not variables:
        raise checks.user_error("model", "a model with weights", model, "Build it first: call it on a batch.")
    return variables, kernels


def _pair(
    model: keras.layers.Layer,
    variables: dict[str, keras.Variable],
    arrays: dict[str, np.ndarray],
    rename: list[tuple[str, str]],
) -> tuple[dict[str, str], dict[str, Any]]:
    """({name of an array: path or name that it goes to}, {path of a variable: name of its array})."""
    check_used("rename", dict(rename), arrays)
    names = {name: renamed(name, rename) for name in arrays}
    if any(new not in variables and new.rpartition("/")[2].isdecimal() for new in names.values()):
        paths = {id(variable): path for path, variable in variables.items()}
        stored = {name: paths[id(variable)] for name, variable in stored_names(model).items() if id(variable) in paths}
        names = {name: new if new in variables else stored.get(new, new) for name, new in names.items()}
    partner = {}
    for name, path in names.items():
        first = partner.setdefault(path, name) if path in variables else name
        if first != name and not np.array_equal(arrays[first], arrays[name]):  # Keras stores some kernels twice
            step = f"Both {first!r} and {name!r} have this name. Rename one with rename= and name it in skip=."
            raise checks.user_error("weights", "one array for each variable", path, step)
    return names, partner


def _adapt(
    variables: dict[str, keras.Variable],
    arrays: dict[str, np.ndarray],
    partner: dict[str, str],
    kernels: dict[str, bool],
) -> dict[str, np.ndarray]:
    """{path: array} of the convolutions, with their biases, that fit after a change between 1 and 3 channels."""
    shapes = {path: (arrays[name].shape, tuple(variables[path].shape)) for path, name in partner.items()}
    axes = {path: axis for path, pair in shapes.items() if (axis := channels.changed_axis(*pair)) is not None}
    adapted, giving_images = {}, set()
    for path, is_transposed in kernels.items():
        axis = axes.get(path)
        inputs, outputs = (-1, -2) if is_transposed else (-2, -1)
        if axis in (inputs, outputs):
            change = channels.change_inputs if axis == inputs else channels.change_outputs
            adapted[path] = change(arrays[partner[path]], shapes[path][1][axis], axis)
        if axis == outputs:
            giving_images.add(path.rpartition("/")[0])
    for path in axes:
        shape = shapes[path][1]
        if path.rpartition("/")[0] in giving_images and len(shape) == 1:
            adapted[path] = channels.change_outputs(arrays[partner[path]], shape[0])
    return adapted


def _values(
    variables: dict[str, keras.Variable],
    arrays: dict[str, np.ndarray],
    partner: dict[str, str],
    adapted: dict[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """{path: array of the variable's shape and dtype} of everything that can be set."""
    fitting = {path for path, name in partner.items() if tuple(variables[path].shape) == arrays[name].shape}
    values = {}
    for path in [path for path in variables if path in fitting or path in adapted]:
        array = arrays[partner[path]]
        dtype = np.dtype(tf.as_dtype(keras.backend.standardize_dtype(variables[path].dtype)).as_numpy_dtype)
        if not np.can_cast(array.dtype, dtype, "same_kind"):
            step = "Convert it yourself, or give the weights as a dict without it."
            raise checks.user_error("weights", f"numbers that fit {path}, {dtype}", str(array.dtype), step)
        values[path] = adapted.get(path, array).astype(dtype)
    return values


def _rows(
    variables: dict[str, keras.Variable],
    arrays: dict[str, np.ndarray],
    names: dict[str, str],
    partner: dict[str, str],
    values: dict[str, np.ndarray],
    adapted: dict[str, np.ndarray],
) -> Iterator[MatchRow]:
    for path, variable in variables.items():
        name = partner.get(path)
        status = "missing" if name is None else "mismatched"
        if path in values:
            status = "adapted" if path in adapted else "loaded"
        shape = None if name is None else arrays[name].shape
        yield MatchRow(path, status, tuple(variable.shape), shape, name)
    for name, array in arrays.items():
        if names[name] not in variables:
            yield MatchRow(names[name], "unexpected", None, array.shape, name)


def _origins(weights: Any, arrays: dict[str, np.ndarray]) -> dict[str, str]:
    """{name of an array: its source for reports}: a file's name, or what was noted of a model's variable."""
    if isinstance(weights, (MultiNetwork, keras.layers.Layer)):
        sources = {path: source_of(variable) for path, variable in _variables(weights)[0].items()}
        return {path.removesuffix(":0"): source for path, source in sources.items()}
    return dict.fromkeys(arrays, name_of(weights) if isinstance(weights, (str, os.PathLike)) else "memory")
