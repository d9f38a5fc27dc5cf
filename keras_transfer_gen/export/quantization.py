"""Smaller numbers in TFLite files: the kinds that `--quantize` offers, and how exact each of them must be."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.export.style_functions import MAP, STYLES, SYNTHESIZE
from keras_transfer_gen.export.tflite_weights import with_int8_weights
from keras_transfer_gen.latent_distributions import transform_normals

if TYPE_CHECKING:
    from keras_transfer_gen.export.servable import Servable


CALIBRATION_ROWS = 200  # on which the ranges of all activations are measured
PROBE_ROWS = 16  # others, on which the file is compared with the model
CALIBRATION_SEED, PROBE_SEED = 1, 2
LEAST_PSNR = 30.0  # dB
LEAST_SSIM = 0.995  # of int8 images that are computed in int8; below it plain areas get noise that the KID sees
CHOOSES = "latent_mixture"  # in the names of operators that choose a centre: rounded, they give another image
CHOICE = "ARG_MAX"  # it is in no list of operators, as it gives whole numbers
LISTING_BATCHES = 4  # on which the operators of a file are listed
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL")


@dataclasses.dataclass(frozen=True)
class Quantization:
    """One kind of numbers in a file. Inputs and outputs are float32 in all of them.

    Args:
        help: one line for the command line.
        operators: names in `tf.lite.OpsSet`; the later ones where the first has no operator.
        types: types of the weights, where the converter must be told.
        optimizes: whether the converter changes the weights at all.
        calibrates: whether it needs example rows.
        keeps_layers: whether the last layers may compute in float32.
        levels: how far images may be from the model's, in pixel levels, or None where `LEAST_PSNR` says it.
        instead: what to do where a file is further from the model.
    """

    help: str
    operators: tuple = ("TFLITE_BUILTINS",)
    types: tuple = ()
    optimizes: bool = True
    calibrates: bool = False
    keeps_layers: bool = False
    levels: float | None = None
    instead: str = "Try --quantize int8, which lets layers compute in float32 where it must, or leave --quantize out."


QUANTIZATIONS = {
    "none": Quantization("float32", optimizes=False, levels=1.0),
    "float16": Quantization("weights in float16: half the size", types=(tf.float16,), levels=4.0),
    "dynamic": Quantization("weights in int8"),
    "int8": Quantization(
        "weights and activations in int8: a quarter of the size",
        operators=("TFLITE_BUILTINS_INT8", "TFLITE_BUILTINS"),
        calibrates=True,
        keeps_layers=True,
        instead="Try --quantize float16, or leave --quantize out.",
    ),
    "int16x8": Quantization(
        "weights in int8, activations in int16",
        operators=("EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8", "TFLITE_BUILTINS"),
        calibrates=True,
    ),
}


def set_quantization(converter: Any, quantization: Quantization, rows: dict[str, np.ndarray], batch_size: int) -> None:
    """Tells a `tf.lite.TFLiteConverter` what it needs.

    Args:
        converter: of one function.
        quantization: `Quantization`.
        rows: {input: ndarray `[N, ...]`}, on which ranges are measured.
        batch_size: rows of one call.
    """
    converter.target_spec.supported_ops = [tf.lite.OpsSet[name] for name in quantization.operators]
    if quantization.optimizes:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization.types:
        converter.target_spec.supported_types = list(quantization.types)
    if quantization.calibrates:
        converter.representative_dataset = lambda: batches(rows, batch_size)


def batches(rows: dict[str, np.ndarray], batch_size: int) -> Iterator[dict[str, np.ndarray]]:
    """Yields dicts of `batch_size` rows each, without what is left over."""
    count = len(next(iter(rows.values())))
    for first in range(0, count - batch_size + 1, batch_size):
        yield {name: values[first : first + batch_size] for name, values in rows.items()}


def example_rows(servable: Servable, name: str, count: int, seed: int) -> dict[str, np.ndarray]:
    """Inputs as a function is called with in use, always the same: {input: ndarray `[count, ...]`}.

    Latents follow the model's distribution, truncations are from 0.5 to 1. Images are the model's own, and latents of a
    VAE's decoder are those that its encoder gives for them.

    Args:
        servable: `Servable`.
        name: of one of its functions.
        count: how many rows.
        seed: an integer; other ones give other rows.
    """
    spec, rng = servable.spec, np.random.default_rng(seed)
    latents = transform_normals(spec.distribution, rng.standard_normal((count, spec.latent_dim)).astype(np.float32))
    rows = {"latents": latents}
    if spec.num_classes:
        rows["labels"] = rng.integers(0, spec.num_classes, count).astype(np.int32)
    rows["truncation"] = rng.uniform(0.5, 1.0, count).astype(np.float32)  # of generators that take it as an input
    if name == SYNTHESIZE:
        rows[STYLES] = _compute(servable, MAP, rows)[STYLES]
    if name in ("encode", "decode"):
        images = _compute(servable, "serve", rows)["images"]
        rows = {"images": images, "latents": _compute(servable, "encode", {"images": images})["z_mean"]}
    return {spec.name: rows[spec.name] for spec in servable.functions[name].inputs}


def expected_outputs(servable: Servable, name: str, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the model itself gives for rows: {output: ndarray}."""
    return _compute(servable, name, rows)


def _compute(servable: Servable, name: str, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """In batches of one size, so that memory stays small."""
    function, parts = servable.functions[name], []
    for part in batches(rows, PROBE_ROWS) if len(next(iter(rows.values()))) % PROBE_ROWS == 0 else [rows]:
        outputs = function.compute(*(tf.constant(part[spec.name]) for spec in function.inputs))
        parts.append({key: np.asarray(value) for key, value in outputs.items()})
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


class LayerSelection:
    """An int8 file in which the last layers compute in float32, as many as are asked for; so is a latent centre chosen.

    Args:
        converter: `tf.lite.TFLiteConverter` for int8, as `set_quantization` set it.
        rows: {input: ndarray}, a few on which the operators are listed.
        input_names: in the order of the function's parameters.
        batch_size: rows of one call.

    Attributes:
        layers: lists of operators, the last layer first: one with weights, and those that follow it.

    Raises:
        RuntimeError: where TensorFlow can't list the operators, as with some on whole numbers.
    """

    def __init__(self, converter: Any, rows: dict[str, np.ndarray], input_names: list[str], batch_size: int) -> None:
        self._options = tf.lite.experimental.QuantizationDebugOptions()
        data = [[part[name] for name in input_names] for part in batches(rows, batch_size)][:LISTING_BATCHES]
        with silent_stderr(), without_notices():
            self._debugger = tf.lite.experimental.QuantizationDebugger(
                converter=converter, debug_dataset=lambda: iter(data), debug_options=self._options
            )
            self._debugger.run()
        table = io.StringIO()
        self._debugger.layer_statistics_dump(table)
        self.layers, self._choosing = [[]], []
        for row in reversed(list(csv.DictReader(io.StringIO(table.getvalue())))):
            if CHOOSES in row["tensor_name"]:
                self._choosing.append(row["tensor_name"])
                continue
            self.layers[-1].append(row["tensor_name"])
            if row["op_name"] in WEIGHTED:
                self.layers.append([])
        self.layers = [layer for layer in self.layers if layer]

    def convert(self, count: int) -> bytes:
        """The file with the last `count` layers in float32, their weights in int8 (bytes)."""
        # the debugger keeps these options, not a copy
        last = [name for layer in self.layers[:count] for name in layer]
        self._options.denylisted_nodes = [*self._choosing, *last]
        if self._choosing:
            self._options.denylisted_ops = [CHOICE]
        with silent_stderr(), without_notices():
            return with_int8_weights(self._debugger.get_nondebug_quantized_model())

    def names(self, count: int) -> list[str]:
        """The last `count` layers as paths, such as "generator/block_16/conv_1"."""
        return list(dict.fromkeys(layer_of(name) for layer in self.layers[:count] for name in reversed(layer)))


def layer_of(tensor_name: str) -> str:
    """The layer of a tensor in a TFLite file, without the operator.

    Example:
        >>> layer_of("generator_1/block_14_1/Relu;generator_1/block_14_1/conv_1/convolution1")
        'generator_1/block_14_1/conv_1'
    """
    return tensor_name.split(";")[-1].rpartition("/")[0] or "output"  # the last operator is named after no layer


@contextlib.contextmanager
def without_notices() -> Iterator[None]:
    """Leaves out TensorFlow's warnings, while the block runs, that its interpreter will be deleted."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*tf.lite.Interpreter is deprecated", UserWarning)
        yield
