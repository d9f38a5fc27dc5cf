"""The shipped models: folders of `saved_models/` with a `.keras` file. Loads no TensorFlow, NumPy, Pillow."""

from __future__ import annotations

import dataclasses
import importlib.resources
from pathlib import Path

import keras_transfer_gen
from keras_transfer_gen import checks, files
from keras_transfer_gen.specs import ModelSpec, find_model
from keras_transfer_gen.version import SAVED_MODELS


@dataclasses.dataclass(frozen=True)
class Preset:
    """A shipped model.

    Args:
        name: by which `load_gan` and the command line know it.
        folder: of its files.
        title: first heading of its model card.
        spec: its `ModelSpec`.
        megabytes: size of its model file, 10^6 bytes.
        scores: its scores, such as {"kid": 60.1}; empty where there are none.
    """

    name: str
    folder: Path
    title: str
    spec: ModelSpec
    megabytes: float
    scores: dict

    @property
    def image_size(self) -> int:
        """Side of its images in pixels."""
        return self.spec.image_size

    @property
    def channels(self) -> int:
        """1 (grey) or 3 (RGB)."""
        return self.spec.channels

    @property
    def licence(self) -> str:
        """Terms of its weights, in words."""
        return self.spec.licence

    @property
    def kid(self) -> float | None:
        """KID x 1000 to its own training set, or None where it was not measured."""
        return self.scores.get("kid")


def list_presets() -> list[Preset]:
    """Every shipped model, by name.

    Returns:
        list of `Preset`.

    Raises:
        UserFileError, UserError: where a preset's spec.json or scores.json is missing or broken.

    Example:
        >>> isinstance(list_presets(), list)
        True
    """
    return [_read(folder) for folder in _preset_folders()]


def preset_path(name: str) -> Path:
    """The model file of a preset.

    Args:
        name: one of the names of `list_presets`.

    Returns:
        `pathlib.Path` of its `gan.keras` or `vae.keras`.

    Raises:
        UserError: for an unknown name; the message lists the known ones.
    """
    folders = {folder.name: folder for folder in _preset_folders()}
    if not folders:
        step = "Give the path of a .keras file or of a run instead, or install the package again."
        raise checks.user_error("preset", "a shipped model, but this installation has none", name, step)
    checks.check_choice("preset", name, folders, "`ktg models` lists the presets.")
    return find_model(folders[name])


def _preset_folders() -> list[Path]:
    """The folders with a model file, sorted by name, in a checkout and in an installed package alike."""
    try:
        root = importlib.resources.files(SAVED_MODELS)
    except ModuleNotFoundError:  # a checkout that is on the path without having been installed
        root = Path(keras_transfer_gen.__file__).parents[1] / "saved_models"
    # A folder without __init__.py is a namespace that may span several folders; its children are real paths.
    folders = [Path(str(child)) for child in root.iterdir()] if root.is_dir() else []
    return sorted(folder for folder in folders if find_model(folder))


def _read(folder: Path) -> Preset:
    scores = folder / "scores.json"
    return Preset(
        name=folder.name,
        folder=folder,
        title=_title(folder / "README.md") or folder.name,
        spec=ModelSpec.load(folder / "spec.json"),
        megabytes=find_model(folder).stat().st_size / 1e6,
        scores=files.read_json(scores) if scores.is_file() else {},
    )


def _title(card: Path) -> str:
    lines = card.read_text(encoding="utf-8").splitlines() if card.is_file() else []
    return next((line[2:].strip() for line in lines if line.startswith("# ")), "")
