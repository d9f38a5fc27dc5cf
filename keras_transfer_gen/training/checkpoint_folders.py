"""Where the checkpoints of one training are: `step-000000123/` folders. Standard library alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike


STATE = "state.json"  # in a checkpoint: the run's own notes
_NAME = re.compile(r"step-(\d{9})")


def checkpoint_folder(folder: PathLike, step: int) -> Path:
    """`pathlib.Path` of the checkpoint of a step (int) in the folder of a training; it need not exist."""
    return Path(folder) / f"step-{step:09d}"


def list_checkpoints(folder: PathLike) -> list[Path]:
    """Paths of the checkpoints in a folder, oldest first; none where the folder does not exist."""
    folder = Path(folder)
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name)) if folder.is_dir() else []


def latest_checkpoint(folder: Path) -> Path | None:
    """Path of the newest checkpoint, or None.

    Example:
        >>> latest_checkpoint("nowhere") is None
        True
    """
    return next(reversed(list_checkpoints(folder)), None)
