"""What is said where the disk is full: what could not be written, how much is missing, and what stays."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import files
from keras_transfer_gen.training.checkpoint_folders import latest_checkpoint

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike


MB = 1e6


def describe_missing(folder: PathLike, needed: int) -> str:
    """How much room is missing in a folder, in words.

    Args:
        folder: existing folder that something was to be written to.
        needed: bytes of it.

    Returns:
        str, such as "it needs 12.0 MB and 4.0 MB are free: 8.0 MB are missing".
    """
    free = shutil.disk_usage(folder).free
    if free >= needed:  # the disk has room: the user's share of it has none
        return f"it needs {needed / MB:.1f} MB, more than a quota or a limit on the size of files allows"
    return f"it needs {needed / MB:.1f} MB and {free / MB:.1f} MB are free: {(needed - free) / MB:.1f} MB are missing"


def checkpoint_bytes(model: keras.Model, folder: Path) -> int:
    """About how many bytes the next checkpoint of a training takes: as many as the last one, or as its variables.

    Args:
        model: compiled `GAN` or `VAE`.
        folder: of the checkpoints of the training; need not exist.
    """
    last = latest_checkpoint(folder)
    if last is not None:
        return files.size_of(last)
    parts = (model, *model.list_optimizers())
    variables = {id(variable): variable for part in parts for variable in part.variables}
    return sum(variable.numpy().nbytes for variable in variables.values())


def unsaved_line(model: keras.Model, folder: Path) -> str:
    """The line that is said where a checkpoint could not be written.

    Args:
        model: compiled `GAN` or `VAE`.
        folder: existing folder of the checkpoints of its training.
    """
    last = latest_checkpoint(folder)
    kept = "There is no earlier one" if last is None else f"The one before it, {last.name}, stays"
    missing = describe_missing(folder, checkpoint_bytes(model, folder))
    return (
        f"the disk is full: the checkpoint at {model.kimg:.2f} kimg is not saved, {missing}. {kept}; the training "
        "goes on and tries again."
    )
