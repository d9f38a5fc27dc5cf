"""Models for OpenVINO: a folder with one function, compared with the model on the CPU."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from keras_transfer_gen import checks, files
from keras_transfer_gen.export.optional import require
from keras_transfer_gen.export.parity import check_outputs
from keras_transfer_gen.export.quiet import silent_stderr
from keras_transfer_gen.export.tflite_convert import UnsupportedError
from keras_transfer_gen.export.tflite_metadata import metadata_of

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.export.servable import Servable, ServedFunction


GRAPH_FILE, METADATA_FILE = "model.xml", "metadata.json"
FILES = {GRAPH_FILE, "model.bin", METADATA_FILE}


def write_openvino(servable: Servable, path: PathLike, part: str = "sampler") -> Path:
    """Writes one function of a model for OpenVINO, float32, for any number of rows.

    Args:
        servable: `Servable`.
        path: folder to write: `model.xml`, `model.bin`, and `metadata.json`, what it takes and its licence. An earlier
            one is replaced whole; nothing is written or replaced where anything fails.
        part: one of `servable.parts`.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        UserImportError: where openvino is missing.
        UserFileError: where `path` is a file or holds other things.
        UserError: for a part that the model does not have.
        ExportError: where an operator has no counterpart, or the model gives other images, by more than one pixel
            level.
    """
    path = Path(path)
    name = servable.function_of_part(part)
    check_openvino_folder(path)
    (openvino,) = require("openvino", "openvino")
    function = servable.functions[name]
    model = _convert(openvino, function)
    with files.atomic_path(path) as partial:
        partial.mkdir()
        openvino.save_model(model, str(partial / GRAPH_FILE), compress_to_fp16=False)
        files.write_json(partial / METADATA_FILE, metadata_of(servable.spec, name, "none"))
        check_outputs(function, run_openvino(openvino, partial, function.examples), "The OpenVINO model")
    return path


def run_openvino(openvino: ModuleType, folder: PathLike, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """The outputs of a model on the CPU, in float32: {name: ndarray}.

    Args:
        openvino: the module.
        folder: that `write_openvino` wrote.
        inputs: {name: ndarray `[N, ...]`}.
    """
    # The plugin would compute in bfloat16 where the processor can.
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(Path(folder) / GRAPH_FILE), "CPU", settings)
    return {output.get_any_name(): values.copy() for output, values in compiled(inputs).items()}


def check_openvino_folder(path: Path) -> None:
    """Refuses, with a `UserFileError`, to write where a file or a folder with other things stands."""
    others = sorted(entry.name for entry in path.iterdir() if entry.name not in FILES) if path.is_dir() else []
    if others or (path.exists() and not path.is_dir()):
        step = f"{'It holds ' + ', '.join(others[:3]) + '. ' if others else ''}Choose another with path= or --out."
        raise checks.file_error("path", "a new or empty folder, or an OpenVINO model to replace", path, step)


def _convert(openvino: ModuleType, function: ServedFunction) -> Any:
    with silent_stderr():
        try:
            return openvino.convert_model(function.traced().get_concrete_function())
        except Exception as error:  # it raises errors of many classes
            step = "Export a SavedModel (--format saved_model), which needs no conversion."
            raise UnsupportedError(
                f"the generator can't be converted for OpenVINO: {str(error)[:400] or type(error).__name__}. {step}"
            ) from error
