"""From a trained model to formats of other frameworks, by packages that are installed for them alone."""

from keras_transfer_gen.export.onnx_file import write_onnx
from keras_transfer_gen.export.openvino_folder import write_openvino
from keras_transfer_gen.export.safetensors_file import write_safetensors
from keras_transfer_gen.recipes.models.export import load_exported, servable_of


def export_onnx(model, path, trust=False, overrides=None, part="sampler"):
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


def export_openvino(model, path, trust=False, overrides=None, part="sampler"):
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


def export_safetensors(model, path, trust=False, overrides=None):
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
