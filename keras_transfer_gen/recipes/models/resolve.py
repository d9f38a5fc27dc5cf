"""The file or folder behind what a user calls a model, and its family. Loads no TensorFlow."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import checks, files
from keras_transfer_gen.recipes.runs.run_folder import RunFolder
from keras_transfer_gen.saved_model_layout import GRAPHS, SPEC_FILE, is_saved_model
from keras_transfer_gen.specs import FAMILIES, ModelSpec, find_model
from keras_transfer_gen.training.checkpoint_folders import latest_checkpoint
from keras_transfer_gen.transfer.fetching import archives
from keras_transfer_gen.transfer.fetching.address import is_address
from keras_transfer_gen.transfer.fetching.presets import list_presets, preset_path
from keras_transfer_gen.transfer.fetching.verify import check_trusted
from keras_transfer_gen.transfer.pickles.recognise import is_network_address, is_network_file

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings
    from keras_transfer_gen.recipes.settings.vae import FineTuneVaeSettings


KINDS = (
    "a preset (see `ktg models`), a RUN folder, a .keras file, a StyleGAN2 file (.pkl, .pt) or a SavedModel (folder, "
    ".tar.gz or https address)"
)
KERAS, SAVED_MODEL, NETWORK_FILE = "keras", "saved_model", "network_file"  # the kinds of a `ModelRef`
FAMILY_OF_CLASS = {"GAN": "gan", "VAE": "vae", "VQVAE": "vq"}  # the class in a `.keras` file of this package
OTHER_FILES = {  # what is often given instead, by how its name ends
    ".weights.h5": "It holds weights alone. Load it into its model with load_weights, and save that as .keras.",
    ".h5": "It is a file of Keras' older format. Load it with the Keras that wrote it, and save it as a SavedModel.",
    ".hdf5": "It is a file of Keras' older format. Load it with the Keras that wrote it, and save it as a SavedModel.",
    ".tflite": "It is for phones and browsers, and can't be loaded again. Give the model that it was made from.",
}


@dataclasses.dataclass(frozen=True)
class ModelRef:
    """A model that was resolved: every function that takes the name of a model takes this as well.

    Args:
        kind: "keras" (a `.keras` file), "saved_model" (what `fetch_saved_model` takes) or "network_file" (networks of
            another program, see `read_network_file`).
        path: `pathlib.Path` of the file, the folder or the archive; an https address as text.
        family: "gan", "vae" or "vq"; "" for a third-party model, and for an archive or an address before it is fetched.
        name: what the user called the model, for messages and model cards.
        preset: whether it is a shipped model.
    """

    kind: str
    path: Path | str
    family: str
    name: str
    preset: bool = False


def resolve_model(source: PathLike | ModelRef, trust: bool = False) -> ModelRef:
    """Finds the model behind a name.

    Args:
        source: preset name, RUN folder, `.keras` file, a file of StyleGAN2 networks (`.pkl`, `.pt`) or its https
            address, or a SavedModel: its folder, an archive (`.tar.gz`) of it, or an https address. The name of a
            preset is the preset even where a folder of this name lies here; write `./name` for the folder. A ready
            `ModelRef` is returned as it is.
        trust: whether the user vouches for a model from the web, which is a program (files of networks are read as
            data, and need no trust). Nothing is fetched here.

    Returns:
        `ModelRef`.

    Raises:
        UserError, UserFileError: where nothing fits; the message names the nearest presets and models.

    Example:
        >>> resolve_model("noto_vae_64").family  # doctest: +SKIP
        'vae'
    """
    if isinstance(source, ModelRef):
        return source
    if is_address(source) and is_network_address(source):
        return ModelRef(NETWORK_FILE, source.strip(), "gan", source.strip())
    if is_address(source):
        check_trusted(source, trust)
        return ModelRef(SAVED_MODEL, source.strip(), "", source.strip())
    names = [preset.name for preset in list_presets()]
    if str(source) in names:
        path = preset_path(str(source))
        return ModelRef(KERAS, path, family_in(path), str(source), preset=True)
    kind, path = _find(source, names)
    return ModelRef(kind, path, "gan" if kind == NETWORK_FILE else family_in(path), os.fspath(source))


def resolve_source(settings: FineTuneSettings | FineTuneVaeSettings) -> ModelRef:
    """As `resolve_model`, of the source of a fine-tune: a run that continues uses the copy that it keeps.

    Args:
        settings: `FineTuneSettings` or `FineTuneVaeSettings`.

    Returns:
        `ModelRef`, with the name that the settings give.
    """
    if not keeps_source(settings):
        return resolve_model(settings.source, settings.trust)
    run = RunFolder(settings.out)
    copies = {run.source_file: KERAS, run.source_vae_file: KERAS}
    path = next((file for file in copies if file.is_file()), run.source)
    return ModelRef(copies.get(path, SAVED_MODEL), path, family_in(path), str(settings.source))


def keeps_source(settings: FineTuneSettings | FineTuneVaeSettings) -> bool:
    """Whether a fine-tune continues in a RUN that holds a copy of all of its source (bool)."""
    run = RunFolder(settings.out)
    return run.exists and not settings.overwrite and (run.keeps_source or run.source_vae_file.is_file())


def family_in(path: Path) -> str:
    """The family of the model in a `.keras` file or in the folder of a SavedModel.

    Args:
        path: `pathlib.Path`.

    Returns:
        "gan", "vae", "vq", or "" for a third-party model, an archive, and a damaged file: what loads it says what is
        wrong.
    """
    if path.is_dir():
        return _family_in_saved_model(path)
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return ""
    from_here = (config.get("registered_name") or "").startswith("keras_transfer_gen>")
    return FAMILY_OF_CLASS.get(config.get("class_name"), "") if from_here else ""


def _family_in_saved_model(folder: Path) -> str:
    file = folder / SPEC_FILE
    if not file.is_file():
        return ""
    with checks.named(path="source"):
        fields = files.read_json(file)
    family = fields.get("family", ModelSpec.family) if isinstance(fields, dict) else ""
    return family if family in FAMILIES else ""


def _find(source: PathLike, presets: Sequence[str]) -> tuple[str, Path]:
    """(kind, path) of a model on this machine that is no preset; `presets` are the names to suggest."""
    path = Path(source)
    if path.is_dir() and str(source):
        return _find_in_folder(path)
    if path.is_file():
        if path.name in GRAPHS:
            return SAVED_MODEL, path.parent
        if path.name.lower().endswith(archives.SUFFIXES):
            return SAVED_MODEL, path
        if is_network_file(path):
            return NETWORK_FILE, path
        step = next((OTHER_FILES[end] for end in OTHER_FILES if path.name.lower().endswith(end)), None)
        if step:
            raise checks.file_error("source", KINDS, source, step)
        if not zipfile.is_zipfile(path):
            raise checks.file_error("source", KINDS, source, "This file is not a `.keras` file, or it is damaged.")
        return KERAS, path
    like = checks.nearest(source, [*presets, *_models_beside(path)])
    known = f"There is no such file, and presets are: {', '.join(presets) or 'none'}."
    raise checks.file_error("source", KINDS, source, f"Did you mean {like}?" if like else known)


def _find_in_folder(path: Path) -> tuple[str, Path]:
    if model := find_model(path):
        return KERAS, model
    if is_saved_model(path):
        return SAVED_MODEL, path
    versions = [folder for folder in path.iterdir() if folder.name.isdigit() and is_saved_model(folder)]
    if versions:
        return SAVED_MODEL, max(versions, key=lambda folder: int(folder.name))
    run = RunFolder(path)
    if run.exists:
        checkpoint = latest_checkpoint(run.adapted)
        if model := find_model(run.best) or (checkpoint and find_model(checkpoint)):
            return KERAS, model
        step = "Nothing is trained here yet. Give the command that started this run again."
        raise checks.file_error("source", "a RUN with a checkpoint", path, step)
    raise checks.file_error("source", KINDS, path, "This folder holds none of them.")


def _models_beside(path: Path) -> list[str]:
    """Paths in the folder of `path` that may be models: RUN folders, SavedModels and `.keras` files (list of str)."""
    try:
        neighbours = sorted(_existing_parent(path).iterdir())
    except OSError:
        return []
    return [str(p) for p in neighbours if p.suffix == ".keras" or (p / "config.json").is_file() or is_saved_model(p)]


def _existing_parent(path: Path) -> Path:
    """The folder of `path`, or the one beside it that has nearly its name, where it does not exist."""
    folder = path.parent
    if folder.is_dir() or not folder.parent.is_dir():
        return folder
    like = checks.nearest(folder.name, [p.name for p in folder.parent.iterdir() if p.is_dir()], most=1)
    return folder.parent / like if like else folder
