"""Runs a TFLite file with LiteRT's interpreter, or with TensorFlow's where that package is not installed."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.network_inputs import TRUNCATION

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


def run_tflite(
    path: Path,
    latents: np.ndarray,
    labels: list[int] | np.ndarray | None = None,
    truncation: float | np.ndarray | None = None,
) -> np.ndarray:
    """The images of a generator that `write_tflite` wrote.

    Args:
        path: the .tflite file; it may have any fixed batch size.
        latents: float32 `[N, latent_dim]`, N at least 1.
        labels: class numbers, integers `[N]`, for a file that takes them.
        truncation: float32 `[N]` in (0, 1], for a file that takes it.

    Returns:
        float32 ndarray `[N, H, W, C]` in [-1, 1].

    Raises:
        UserFileError: where there is no readable TFLite file at `path`.
        UserError: where the latents or labels don't fit the file.
    """
    inputs = {"latents": np.asarray(latents, np.float32)}
    if labels is not None:
        inputs["labels"] = np.asarray(labels, np.int32)
    if truncation is not None:
        inputs[TRUNCATION] = np.asarray(truncation, np.float32)
    return run_tflite_function(path, inputs)["images"]


def run_tflite_function(path: Path, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """The outputs of the one function in a TFLite file, for any number of rows.

    Args:
        path: the .tflite file; it may have any fixed batch size. What is missing in the last batch is filled up with
            zeros, and cut off again.
        inputs: {name: array `[N, ...]`} of the types of the file, N at least 1.

    Returns:
        {name: ndarray `[N, ...]`}.

    Raises:
        UserFileError: where there is no readable TFLite file at `path`.
        UserError: where the inputs don't fit the file.
    """
    with silent_stderr():
        function = open_interpreter(path).get_signature_runner()
        details = function.get_input_details()
        _check_inputs(inputs, {name: tuple(detail["shape"]) for name, detail in details.items()})
        batch = int(next(iter(details.values()))["shape"][0])
        count = len(next(iter(inputs.values())))
        batches = []
        for first in range(0, count, batch):
            rows = {name: values[first : first + batch] for name, values in inputs.items()}
            outputs = function(**{name: _filled_up(values, batch) for name, values in rows.items()})
            batches.append({name: values[: count - first].copy() for name, values in outputs.items()})
    return {name: np.concatenate([outputs[name] for outputs in batches]) for name in batches[0]}


def open_interpreter(path: PathLike) -> Any:
    """The interpreter of a TFLite file, its tensors allocated; a `UserFileError` where there is no such file."""
    if not Path(path).is_file():
        raise checks.file_error("path", "an existing TFLite file", path)
    with silent_stderr():
        try:
            interpreter = _interpreter_class()(model_path=str(path))
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            step = f"The interpreter says: {error}"
            raise checks.file_error("path", "a TFLite file with builtin operators", path, step) from error
    return interpreter


def _check_inputs(inputs: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> None:
    for name in shapes.keys() | inputs.keys():
        if name not in inputs:
            raise checks.user_error(name, f"an array [N{_sizes(shapes[name])}], which the file takes", None)
        if name not in shapes:
            raise checks.user_error(name, "left out: the file takes none", np.shape(inputs[name]))
    rows = {len(values) if np.ndim(values) else 0 for values in inputs.values()}
    for name, values in inputs.items():
        if np.shape(values)[1:] != shapes[name][1:] or np.ndim(values) == 0 or len(rows) > 1 or 0 in rows:
            expected = f"an array [N{_sizes(shapes[name])}], N at least 1 and the same for all inputs"
            raise checks.user_error(name, expected, np.shape(values))


def _sizes(shape: tuple[int, ...]) -> str:
    return "".join(f", {size}" for size in shape[1:])


def _filled_up(values: np.ndarray, batch: int) -> np.ndarray:
    missing = np.zeros((batch - len(values), *values.shape[1:]), values.dtype)
    return np.concatenate([values, missing])


def _interpreter_class() -> Callable[..., Any]:
    """LiteRT's where that package is installed, else TensorFlow's own without its notice of deletion."""
    if importlib.util.find_spec("ai_edge_litert"):
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter
    import tensorflow as tf

    def interpreter(**arguments: Any) -> Any:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "(?s).*tf.lite.Interpreter is deprecated", UserWarning)
            return tf.lite.Interpreter(**arguments)

    return interpreter
