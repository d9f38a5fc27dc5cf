"""Models as ONNX files, by tf2onnx: one function, compared with the model in onnxruntime."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks, files
from keras_transfer_gen.export.optional import require
from keras_transfer_gen.export.parity import check_outputs
from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.export.tflite_convert import UnsupportedError
from keras_transfer_gen.export.tflite_metadata import NAME, metadata_of

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.export.servable import Servable, ServedFunction


OPSET = 17  # of 2022: runtimes of today all have it
BEGIN = b"\x08"  # the first byte of an ONNX file: the field of its version


def write_onnx(servable: Servable, path: PathLike, part: str = "sampler") -> Path:
    """Writes one function of a model as an ONNX file, float32, for any number of rows.

    Inputs and outputs have the names of the function. The file's metadata holds, as JSON under "keras_transfer_gen",
    what it takes and its licence.

    Args:
        servable: `Servable`.
        path: file to write, usually `*.onnx`; one that stands there is replaced. Nothing is written or replaced where
            anything fails.
        part: one of `servable.parts`.

    Returns:
        `pathlib.Path` of the file.

    Raises:
        UserImportError: where onnx, tf2onnx or onnxruntime is missing.
        UserFileError: where `path` is a folder or another file.
        UserError: for a part that the model does not have.
        ExportError: where an operator has no counterpart, or the file gives other images than the model, by more than
            one pixel level.
    """
    path = Path(path)
    name = servable.function_of_part(part)
    check_onnx_file(path)
    tf2onnx, onnx, onnxruntime = require("onnx", "tf2onnx", "onnx", "onnxruntime")
    function = servable.functions[name]
    model = _convert(tf2onnx, function)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.helper.set_model_props(model, {NAME: json.dumps(metadata_of(servable.spec, name, "none"))})
    with files.atomic_path(path) as partial:
        partial.write_bytes(model.SerializeToString())
        check_outputs(function, run_onnx(onnxruntime, partial, function.examples), "The ONNX file")
    return path


def run_onnx(onnxruntime: ModuleType, path: PathLike, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """The outputs of an ONNX file.

    Args:
        onnxruntime: the module.
        path: of the file.
        inputs: {name: ndarray `[N, ...]`}.

    Returns:
        {name: ndarray}.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {key: np.asarray(value) for key, value in inputs.items()}), strict=True))


def check_onnx_file(path: Path) -> None:
    """Refuses, with a `UserFileError`, to write where a folder or a file that is no ONNX file stands."""
    if path.is_dir():
        raise checks.file_error("path", "a file, not a folder", path, "Such as cats.onnx with path= or --out.")
    if path.is_file():
        with open(path, "rb") as stream:
            begin = stream.read(1)
        if begin not in (b"", BEGIN):
            hint = "Another kind of file stands there, and is kept. Choose another name with path= or --out."
            raise checks.file_error("path", "a new file, or an ONNX file to replace", path, hint)


def _convert(tf2onnx: ModuleType, function: ServedFunction) -> Any:
    with silent_stderr():
        try:
            return tf2onnx.convert.from_function(function.traced(), input_signature=list(function.inputs), opset=OPSET)[
                0
            ]
        except Exception as error:  # it raises errors of many classes
            step = "Export a SavedModel (--format saved_model), which needs no conversion."
            raise UnsupportedError(
                f"the generator can't be converted to ONNX: {str(error)[:400] or type(error).__name__}. {step}"
            ) from error
