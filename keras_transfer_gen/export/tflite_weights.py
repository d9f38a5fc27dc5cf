"""Weights in int8 for layers of a TFLite file that compute in float32."""

from __future__ import annotations

import collections
from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from keras_transfer_gen.export.tflite_metadata import IDENTIFIER

OPERATORS = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED)  # which take such weights
LEAST_NUMBERS = 1024  # smaller weights stay in float32, as in the converter's own dynamic range quantization
MOST = 127


def with_int8_weights(content: bytes) -> bytes:
    """The bytes of a TFLite file, with large float32 weights of convolutions and dense layers as int8.

    Each output channel has a scale of its own. The layers compute in float32 or, as in dynamic range quantization, with
    activations that are made int8 as they come.

    Args:
        content: the file as bytes.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    kinds = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    for graph in model.subgraphs:
        operators = [operator for operator in graph.operators if kinds[operator.opcodeIndex] in OPERATORS]
        indices = {operator.inputs[1] for operator in operators if _is_float(graph, operator)}
        shared = collections.Counter(tensor.buffer for tensor in graph.tensors)
        for tensor in (graph.tensors[index] for index in indices):
            if shared[tensor.buffer] == 1:
                _quantize(model.buffers[tensor.buffer], tensor)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def quantized(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(int8 of the same shape, scales float32 `[channels]`) of weights whose first axis is that of output channels.

    Example:
        >>> numbers, scales = quantized(np.float32([[1.0, -2.0], [0.0, 0.5]]))
        >>> numbers.tolist(), (scales * 127).round(3).tolist()
        ([[64, -127], [0, 127]], [2.0, 0.5])
    """
    largest = np.abs(weights).reshape(len(weights), -1).max(axis=1)
    scales = np.where(largest > 0, largest, 1.0).astype(np.float32) / MOST
    numbers = np.rint(weights / scales.reshape(-1, *[1] * (weights.ndim - 1)))
    return numbers.astype(np.int8), scales


def _is_float(graph: Any, operator: Any) -> bool:
    return all(graph.tensors[index].type == schema.TensorType.FLOAT32 for index in operator.inputs[:2])


def _quantize(buffer: Any, tensor: Any) -> None:
    data = buffer.data
    if data is None or len(data) < 4 * LEAST_NUMBERS:  # computed in the graph, or small
        return
    numbers, scales = quantized(np.frombuffer(np.asarray(data, np.uint8).tobytes(), "<f4").reshape(tensor.shape))
    buffer.data = numbers.reshape(-1).view(np.uint8)
    tensor.type = schema.TensorType.INT8
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = scales, np.zeros(len(scales), np.int64)
    tensor.quantization.quantizedDimension = 0
