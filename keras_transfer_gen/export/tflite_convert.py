"""A function of a model to the bytes of a TFLite file, with builtin operators alone, or an error."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from keras_transfer_gen import checks
from keras_transfer_gen.export.parity import ExportError
from keras_transfer_gen.export.quantization import set_quantization, without_notices
from keras_transfer_gen.export.quiet import silent_stderr

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_transfer_gen.export.quantization import Quantization


class UnsupportedError(ExportError, checks.UserError):
    """A generator has operators that TFLite has not: no fault of anybody, but there is no such file."""


def make_converter(
    function: Any,
    variables: list[keras.Variable],
    quantization: Quantization,
    rows: dict[str, np.ndarray],
    batch_size: int,
) -> Any:
    """The `tf.lite.TFLiteConverter` of a function.

    Args:
        function: `tf.function` with an input signature.
        variables: the `keras.Variable`s that it uses.
        quantization: `Quantization`.
        rows: {input: ndarray `[N, ...]`}, on which ranges are measured where the quantization needs it.
        batch_size: rows of one call.
    """
    # The converter needs an object that owns the weights as bare `tf.Variable`s: given the Keras model itself, it makes
    # a file with uninitialised ones; given nothing, a file without a signature.
    owner = tf.train.Checkpoint(weights=[variable.value for variable in variables])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], owner)
    set_quantization(converter, quantization, rows, batch_size)
    return converter


def convert(converter: Any, function: Any) -> bytes:
    """The TFLite bytes of a function, with builtin operators alone.

    Args:
        converter: what `make_converter` returned for it.
        function: the `tf.function`, whose graph tells the layer of an operator that TFLite lacks.

    Raises:
        UnsupportedError: where it needs other operators.
    """
    with silent_stderr(), without_notices():
        try:
            content = converter.convert()
        except Exception as error:  # the converter's own error class is private
            unsupported = re.findall(r"^(?:TF Select|Custom) ops: (.+)$", str(error), re.MULTILINE)
            names = [name for line in unsupported for name in line.split(", ")]
            layers = layers_with(function.get_concrete_function().graph.as_graph_def(), names)
            reason = f"it needs {', '.join(unsupported)}" if unsupported else str(error)[:800]
            where = f" in the layer {', '.join(layers)}" if layers else ""
            step = "Export a SavedModel (--format saved_model), which needs none of them."
            raise UnsupportedError(
                f"the generator can't be converted with TFLite's builtin operators: {reason}{where}. {step}"
            ) from error
    custom = [name for name in operators(content) if name.startswith("custom:")]
    if custom:
        raise ExportError(f"the TFLite file needs operators that are not built in: {', '.join(custom)}.")
    return content


def layers_with(graph: Any, operator_types: Collection[str]) -> list[str]:
    """Paths of the layers that hold operators of some types, in the order of the graph.

    Args:
        graph: `GraphDef`; the functions in its library are looked through as well.
        operator_types: names such as "StatelessRandomNormalV2"; a leading "tf." is left out.
    """
    types = {name.removeprefix("tf.").removeprefix("Flex") for name in operator_types}
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    paths = [node.name.rpartition("/")[0] or node.name for node in nodes if node.op in types]
    return list(dict.fromkeys(paths))


def operators(content: bytes) -> list[str]:
    """Names of the operators that a TFLite file needs, sorted; Flex and other custom ones as "custom:NAME".

    Args:
        content: the file as bytes.
    """
    model = schema.Model.GetRootAs(content, 0)
    names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
    codes = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    # Old files keep the number in an 8-bit field that says 127 where it has no room; the larger one is right.
    numbers = [max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) for code in codes]
    return sorted(
        f"custom:{(code.CustomCode() or b'').decode()}" if names[number] == "CUSTOM" else names[number]
        for code, number in zip(codes, numbers, strict=True)
    )
