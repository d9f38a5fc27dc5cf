"""Where the checkpoints of one training are: `step-000000123/` folders. Standard library alone."""

import re
from pathlib import Path

STATE = "state.json"  # in a checkpoint: the run's own notes
_NAME = re.compile(r"step-(\d{9})")


def checkpoint_folder(folder, step):
    """`pathlib.Path` of the checkpoint of a step (int) in the folder of a training; it need not exist."""
    return Path(folder) / f"step-{step:09d}"


def list_checkpoints(folder):
    """Paths of the checkpoints in a folder, oldest first; none where the folder does not exist."""
    folder = Path(folder)
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name)) if folder.is_dir() else []


def latest_checkpoint(folder):
    """Path of the newest checkpoint, or None.

    Example:
        >>> latest_checkpoint("nowhere") is None
        True
    """
    return next(reversed(list_checkpoints(folder)), None)
