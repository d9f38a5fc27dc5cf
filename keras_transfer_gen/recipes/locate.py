"""The file or folder behind what a user calls a model. Loads TensorFlow for RUN folders alone."""

import zipfile
from pathlib import Path

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.run_folder import RunFolder
from keras_transfer_gen.transfer.presets import MODEL_FILE, list_presets, preset_path

KINDS = "a preset (see `ktg models`), a RUN folder, a .keras file or a SavedModel that `ktg export` wrote"


def locate(source):
    """Finds the file or folder behind the name of a model.

    Args:
        source: preset name, RUN folder, `.keras` file or SavedModel folder. The name of a preset is the preset even
            where a folder of this name lies here; write `./name` for the folder.

    Returns:
        (kind, path): kind is "keras" (a `.keras` file) or "saved_model" (a folder).

    Raises:
        UserError, UserFileError: where nothing fits; the message names the nearest presets.
    """
    names = [preset.name for preset in list_presets()]
    if str(source) in names:
        return "keras", preset_path(str(source))
    path = Path(source)
    if path.is_dir() and str(source):
        return _locate_in_folder(path)
    if path.is_file():
        if not zipfile.is_zipfile(path):
            raise checks.file_error("model", KINDS, source, "This file is not a `.keras` file, or it is damaged.")
        return "keras", path
    like = checks.nearest(source, names)
    known = f"There is no such file, and presets are: {', '.join(names) or 'none'}."
    hint = f"Did you mean {like}?" if like else known
    raise checks.file_error("model", KINDS, source, hint)


def _locate_in_folder(path):
    if (path / MODEL_FILE).is_file():
        return "keras", path / MODEL_FILE
    if (path / "saved_model.pb").is_file():
        return "saved_model", path
    versions = [folder for folder in path.iterdir() if folder.name.isdigit() and (folder / "saved_model.pb").is_file()]
    if versions:
        return "saved_model", max(versions, key=lambda folder: int(folder.name))
    run = RunFolder(path)
    if run.exists:
        from keras_transfer_gen.training.checkpoint import MODEL, latest_checkpoint  # loads TensorFlow

        checkpoint = latest_checkpoint(run.adapted)
        if checkpoint is None:
            step = "Nothing is trained here yet. Give the command that began it again."
            raise checks.file_error("model", "a RUN with a checkpoint", path, step)
        return "keras", checkpoint / MODEL
    raise checks.file_error("model", KINDS, path, "This folder holds none of them.")
