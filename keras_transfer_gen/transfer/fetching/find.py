"""Where in a folder a SavedModel lies. Standard library alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import checks
from keras_transfer_gen.saved_model_layout import is_saved_model

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


MOST_FOLDERS = 1000
HIDDEN = (".", "__MACOSX")
DEPTH = 3  # archive/model/version


def find_saved_model(folder: PathLike, *, source: PathLike) -> Path:
    """The SavedModel in a folder: the folder itself, or the one below it.

    Where several version folders (`1`, `2`, ...) hold one, the highest is taken.

    Args:
        folder: an existing folder.
        source: what the user gave; named in errors.

    Returns:
        `pathlib.Path` of the folder that holds `saved_model.pb` or `saved_model.pbtxt`.

    Raises:
        UserFileError: where there is none, or more than one.
    """
    folder = Path(folder)
    models = _search(folder, DEPTH, [MOST_FOLDERS])
    if not models:
        names = ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"
        step = f"It holds {names}. Give the folder or archive that `tf.saved_model.save` or `model.export` wrote."
        raise checks.file_error("source", "a SavedModel: a folder with saved_model.pb", source, step)
    if len(models) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in models[:5])
        step = f"It holds {names}. Give the folder of the one that you mean."
        raise checks.file_error("source", "one SavedModel", source, step)
    return models[0]


def _search(folder: Path, depth: int, left: list[int]) -> list[Path]:
    """The folders with a SavedModel in `folder`; `left[0]` is how many folders may still be searched."""
    left[0] -= 1
    if left[0] < 0:
        return []
    if is_saved_model(folder):
        return [folder]
    if not depth:
        return []
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(HIDDEN))
    except OSError:
        return []
    matches = {path: models for path in inner if (models := _search(path, depth - 1, left))}
    if matches and all(path.name.isdecimal() for path in matches):
        return matches[max(matches, key=lambda path: int(path.name))]
    return [model for models in matches.values() for model in models]
