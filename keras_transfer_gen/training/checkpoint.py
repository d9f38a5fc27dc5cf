"""Checkpoints of everything that a run needs to go on: weights, averages, optimizers, step, and the run's own notes."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from keras_transfer_gen import checks, files, protocols
from keras_transfer_gen.specs import find_model
from keras_transfer_gen.training.checkpoint_folders import STATE, checkpoint_folder, latest_checkpoint, list_checkpoints
from keras_transfer_gen.training.precision import saved_precision

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.training.gan import GAN
    from keras_transfer_gen.training.vae import VAE


__all__ = [
    "DamagedCheckpoint", "find_damage", "latest_checkpoint", "load_checkpoint", "newest_whole", "restore_checkpoint",
    "save_checkpoint", "save_model",
]  # fmt: skip
KEPT = 2  # checkpoints: where the last one is damaged, the one before it is there


class DamagedCheckpoint(checks.UserFileError):
    """A checkpoint that can't be read, whatever the model is."""


def save_checkpoint(
    model: keras.Model, folder: Path, state: dict[str, float], keep: int = KEPT, replace: bool = False
) -> Path:
    """Writes `folder/step-<number>/`, whole or not at all, and drops older ones.

    Args:
        model: compiled `GAN` or `VAE`.
        folder: of the checkpoints of this training.
        state: JSON-ready dict that `load_checkpoint` returns.
        keep: checkpoints to keep.
        replace: whether a checkpoint of the same step is written again.

    Returns:
        `pathlib.Path` of the new checkpoint.
    """
    path = checkpoint_folder(folder, int(model.step.numpy()))
    if replace or not path.exists():
        with files.atomic_path(path) as partial:
            partial.mkdir()
            save_model(model, partial / f"{model.spec.family}.keras")
            files.write_json(partial / STATE, state)
    for old in list_checkpoints(folder)[:-keep]:
        shutil.rmtree(old)
    return path


def load_checkpoint(path: Path) -> tuple[GAN | VAE, dict[str, Any]]:
    """(model, state) as `save_checkpoint` wrote them; call it within the scope of the strategy to train under.

    Raises:
        DamagedCheckpoint: where a part of it is missing or damaged.
    """
    file, state = read_whole(path)
    return keras.models.load_model(file), state


def restore_checkpoint(model: keras.Model, path: PathLike) -> dict[str, Any]:
    """Gives a model the values that it had at a checkpoint: weights, optimizers, step. Call it as `load_checkpoint`.

    Args:
        model: compiled `GAN` or `VAE` of the training that the checkpoint is of; what was traced for it stays.
        path: of the checkpoint.

    Returns:
        dict, the state that was saved beside it.

    Raises:
        DamagedCheckpoint: where a part of it is missing or damaged.
        ValueError: where the model has been given other layers since.
    """
    file, state = read_whole(path)
    model.load_weights(file)
    return state


def newest_whole(folder: PathLike, load: Callable[[Path], Any], say: Callable[[str], Any]) -> tuple[Path, Any] | None:
    """What a function makes of the newest checkpoint that is whole; damaged ones after it are removed, which is said.

    Args:
        folder: of the checkpoints of a training.
        load: function of a path, such as `load_checkpoint`.
        say: function of a line of text.

    Returns:
        (path, what `load` returned), or None where there is no checkpoint.

    Raises:
        DamagedCheckpoint: where there are checkpoints, and all are damaged: nothing is removed then.
    """
    damaged = []
    for path in reversed(list_checkpoints(folder)):
        try:
            loaded = load(path)
        except DamagedCheckpoint as error:
            damaged.append((path, error))
            continue
        for broken, _ in damaged:
            shutil.rmtree(broken)
            say(f"the checkpoint {broken.name} is damaged and was removed: the one before it, {path.name}, is taken")
        return path, loaded
    if damaged:
        raise damaged[0][1]
    return None


def read_whole(path: PathLike) -> tuple[Path, dict[str, Any]]:
    """(path of the model's file, state) of a checkpoint."""
    path = Path(path)
    file = find_model(path)
    damage = "Its model is missing." if file is None else find_damage(file)
    try:
        state = files.read_json(path / STATE)
    except checks.UserFileError as error:
        damage = damage or f"Its {STATE} can't be read: {error}"
    if damage is not None:
        hint = f"{damage} Start again with --overwrite, or take another --out."
        raise DamagedCheckpoint(checks.message("path", "a checkpoint that is whole", str(file or path), hint))
    return file, state


def find_damage(file: Path) -> str | None:
    """What is wrong with a `.keras` file as a zip archive, a sentence; None where every part of it is whole."""
    try:
        with zipfile.ZipFile(file) as archive:
            torn = archive.testzip()
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error):
        return "It is damaged or cut off."
    return None if torn is None else f"Its part {torn} is damaged."


def save_model(model: keras.Model, path: Path) -> None:
    """Writes a `.keras` file, atomically and always with float32 layers, whatever the precision of training."""
    with files.atomic_path(path) as partial, saved_precision(_networks_of(model)):
        model.save(partial)


def _networks_of(model: keras.Model) -> list[keras.Model]:
    """List of the networks of a model, and of those of a model in it, such as a `VQVAE`'s prior."""
    networks = []
    for layer in model.layers:
        if isinstance(layer, protocols.MultiNetwork):
            networks += layer.roles.values()
        elif isinstance(layer, keras.Model):
            networks.append(layer)
    return networks
