"""The file or folder behind what a user calls a model. Loads TensorFlow for RUN folders alone."""

import zipfile
from pathlib import Path

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.specs import find_model
from keras_transfer_gen.transfer.fetching import archives
from keras_transfer_gen.transfer.fetching.model_sources import check_trusted, is_remote
from keras_transfer_gen.transfer.fetching.presets import list_presets, preset_path
from keras_transfer_gen.transfer.fetching.saved_model_folders import GRAPHS, is_saved_model

KINDS = "a preset (see `ktg models`), a RUN folder, a .keras file or a SavedModel (folder, .tar.gz or https address)"

OTHER_FILES = {  # what is often given instead, by how its name ends
    ".weights.h5": "It holds weights alone. Load it into its model with load_weights, and save that as .keras.",
    ".h5": "It is a file of Keras' older format. Load it with the Keras that wrote it, and save it as a SavedModel.",
    ".hdf5": "It is a file of Keras' older format. Load it with the Keras that wrote it, and save it as a SavedModel.",
    ".tflite": "It is for phones and browsers, and can't be loaded again. Give the model that it was made from.",
}


def locate(source, trust=False):
    """Finds the file or folder behind the name of a model.

    Args:
        source: preset name, RUN folder, `.keras` file, or a SavedModel: its folder, an archive (`.tar.gz`) of it, or an
            https address. The name of a preset is the preset even where a folder of this name lies here; write
            `./name` for the folder.
        trust: whether the user vouches for a model from the web, which is a program. Nothing is fetched here.

    Returns:
        (kind, path): kind is "keras" (a `.keras` file) or "saved_model" (what `fetch_saved_model` takes: a folder, an
        archive, or an address as text).

    Raises:
        UserError, UserFileError: where nothing fits; the message names the nearest presets and models.
    """
    if is_remote(source):
        check_trusted(source, trust)
        return "saved_model", source.strip()
    names = [preset.name for preset in list_presets()]
    if str(source) in names:
        return "keras", preset_path(str(source))
    path = Path(source)
    if path.is_dir() and str(source):
        return _locate_in_folder(path)
    if path.is_file():
        if path.name in GRAPHS:
            return "saved_model", path.parent
        if path.name.lower().endswith(archives.SUFFIXES):
            return "saved_model", path
        what = next((OTHER_FILES[end] for end in OTHER_FILES if path.name.lower().endswith(end)), None)
        if what:
            raise checks.file_error("source", KINDS, source, what)
        if not zipfile.is_zipfile(path):
            raise checks.file_error("source", KINDS, source, "This file is not a `.keras` file, or it is damaged.")
        return "keras", path
    like = checks.nearest(source, [*names, *_models_beside(path)])
    known = f"There is no such file, and presets are: {', '.join(names) or 'none'}."
    hint = f"Did you mean {like}?" if like else known
    raise checks.file_error("source", KINDS, source, hint)


def _models_beside(path):
    """What lies where `path` would and may be a model: RUN folders, SavedModels and `.keras` files (list of str)."""
    try:
        beside = sorted(path.parent.iterdir())
    except OSError:
        return []
    return [
        str(one) for one in beside if one.suffix == ".keras" or (one / "config.json").is_file() or is_saved_model(one)
    ]


def locate_source(settings):
    """As `locate`, of the source of a fine-tune: a run that goes on takes the copy that it keeps."""
    if keeps_source(settings):
        run = RunFolder(settings.out)
        return ("keras", run.source_file) if run.source_file.is_file() else ("saved_model", run.source)
    return locate(settings.source, settings.trust)


def keeps_source(settings):
    """Whether a fine-tune goes on in a RUN that holds all of its source (bool)."""
    run = RunFolder(settings.out)
    return run.exists and run.keeps_source and not settings.fresh


def _locate_in_folder(path):
    if model := find_model(path):
        return "keras", model
    if is_saved_model(path):
        return "saved_model", path
    versions = [folder for folder in path.iterdir() if folder.name.isdigit() and is_saved_model(folder)]
    if versions:
        return "saved_model", max(versions, key=lambda folder: int(folder.name))
    run = RunFolder(path)
    if run.exists:
        from keras_transfer_gen.training.checkpoint import latest_checkpoint  # loads TensorFlow

        if best := find_model(run.best):
            return "keras", best
        checkpoint = latest_checkpoint(run.adapted)
        if checkpoint is None:
            step = "Nothing is trained here yet. Give the command that began it again."
            raise checks.file_error("source", "a RUN with a checkpoint", path, step)
        return "keras", find_model(checkpoint)
    raise checks.file_error("source", KINDS, path, "This folder holds none of them.")
