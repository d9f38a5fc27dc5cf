"""What the shell suggests when Tab is pressed: presets, RUNs, model files, files of settings. Loads nothing heavy."""

import os
from collections.abc import Callable
from pathlib import Path

from keras_transfer_gen.recipes.settings.configurations import CONFIGURATIONS
from keras_transfer_gen.recipes.settings.settings_file import CONFIG, SUFFIXES
from keras_transfer_gen.saved_model_layout import is_saved_model
from keras_transfer_gen.transfer.fetching.presets import list_presets

MODEL_FILES = (".keras", ".pkl", ".pt", ".tar.gz", ".tgz")
MOST = 200  # suggestions, and folders that are looked into


def complete_models(incomplete: str) -> list[str]:
    """Presets, RUNs, SavedModels and model files that begin as what is typed (list of str)."""
    names = [preset.name for preset in list_presets() if preset.name.startswith(incomplete)]
    return names + _paths(incomplete, lambda path: _is_run(path) or is_saved_model(path), MODEL_FILES)


def complete_runs(incomplete: str) -> list[str]:
    """RUN folders that begin as what is typed (list of str)."""
    return _paths(incomplete, _is_run, ())


def complete_settings(incomplete: str) -> list[str]:
    """Files of settings, RUNs and configurations that begin as what is typed (list of str)."""
    names = [name for name in CONFIGURATIONS if name.startswith(incomplete)]
    return names + _paths(incomplete, _is_run, SUFFIXES)


def _is_run(path: Path) -> bool:
    return (path / CONFIG).is_file()


def _paths(incomplete: str, is_wanted: Callable[[Path], bool], suffixes: tuple[str, ...]) -> list[str]:
    """Paths with the prefix: folders that are wanted, those inside of others, and files; other folders end with "/"."""
    folder, prefix = os.path.split(incomplete)
    paths = []
    for path in _entries(Path(folder or ".")):
        if not path.name.startswith(prefix) or (path.name.startswith(".") and not prefix):
            continue
        text = os.path.join(folder, path.name)
        if path.is_dir():
            inside = [f"{text}/{child.name}" for child in _entries(path) if child.is_dir() and is_wanted(child)]
            paths += [text] if is_wanted(path) else inside or [f"{text}/"]
        elif path.name.lower().endswith(suffixes or ("\0",)):
            paths.append(text)
    return paths[:MOST]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())[:MOST]
    except OSError:
        return []
