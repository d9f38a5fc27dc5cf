"""From a trained model to formats of other frameworks, by packages that are installed for them alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen.export.onnx_file import write_onnx
from keras_transfer_gen.export.openvino_folder import write_openvino
from keras_transfer_gen.export.safetensors_file import write_safetensors
from keras_transfer_gen.recipes.models.export import load_exported, servable_of

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.specs import ModelSpec
    from keras_transfer_gen.transfer.saved_model.spec_overrides import SpecOverrides


def export_onnx(
    model: PathLike | ModelRef | keras.Model | tuple[keras.Model, ModelSpec],
    path: PathLike,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
    part: str = "sampler",
) -> Path:
    """Writes an ONNX file: latents `[N, latent_dim]`, and labels where there are classes, -> images.

    Args:
        model: as in `export_saved_model`.
        path: file to write.
        trust: as in `export_saved_model`.
        overrides: as in `export_saved_model`.
        part: as in `export_tflite`.

    Returns:
        `pathlib.Path` of the file.

    Raises:
        UserImportError: without `pip install 'keras-transfer-gen[onnx]'`.
        RuntimeError: where the file gives other images than the Keras model.
    """
    return write_onnx(servable_of(load_exported(model, trust, overrides)), path, part=part)


def export_openvino(
    model: PathLike | ModelRef | keras.Model | tuple[keras.Model, ModelSpec],
    path: PathLike,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
    part: str = "sampler",
) -> Path:
    """Writes a folder for OpenVINO; as `export_onnx`.

    Args:
        model: as in `export_saved_model`.
        path: folder to write.
        trust: as in `export_saved_model`.
        overrides: as in `export_saved_model`.
        part: as in `export_tflite`.

    Returns:
        `pathlib.Path` of the folder.
    """
    return write_openvino(servable_of(load_exported(model, trust, overrides)), path, part=part)


def export_safetensors(
    model: PathLike | ModelRef | keras.Model | tuple[keras.Model, ModelSpec],
    path: PathLike,
    trust: bool = False,
    overrides: SpecOverrides | None = None,
) -> Path:
    """Writes the weights alone, with the spec, as a safetensors file.

    Args:
        model: as in `export_saved_model`.
        path: file to write.
        trust: as in `export_saved_model`.
        overrides: as in `export_saved_model`.

    Returns:
        `pathlib.Path` of the file.
    """
    return write_safetensors(servable_of(load_exported(model, trust, overrides)), path)
