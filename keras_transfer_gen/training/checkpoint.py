"""Checkpoints of everything that a run needs to go on: weights, averages, optimizers, step, and the run's own notes."""

import shutil
import zipfile
import zlib
from pathlib import Path

import keras

from keras_transfer_gen import checks, files, protocols
from keras_transfer_gen.specs import find_model
from keras_transfer_gen.training.checkpoint_folders import STATE, checkpoint_folder, latest_checkpoint, list_checkpoints
from keras_transfer_gen.training.precision import saved_precision

__all__ = ["find_damage", "latest_checkpoint", "load_checkpoint", "save_checkpoint", "save_model"]


def save_checkpoint(model, folder, state, keep=1, replace=False):
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


def load_checkpoint(path):
    """(model, state) as `save_checkpoint` wrote them; call it within the scope of the strategy to train under."""
    path = Path(path)
    file = find_model(path)
    if (damage := find_damage(file)) is not None:
        hint = f"{damage} Start again with --overwrite, or take another --out."
        raise checks.file_error("path", "a checkpoint that is whole", file, hint)
    return keras.models.load_model(file), files.read_json(path / STATE)


def find_damage(file):
    """What is wrong with a `.keras` file as a zip archive, a sentence; None where every part of it is whole."""
    try:
        with zipfile.ZipFile(file) as archive:
            torn = archive.testzip()
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error):
        return "It is damaged or cut off."
    return None if torn is None else f"Its part {torn} is damaged."


def save_model(model, path):
    """Writes a `.keras` file, atomically and always with float32 layers, whatever the precision of training."""
    with files.atomic_path(path) as partial, saved_precision(_networks_of(model)):
        model.save(partial)


def _networks_of(model):
    """List of the networks of a model, and of those of a model in it, such as a `VQVAE`'s prior."""
    networks = []
    for layer in model.layers:
        if isinstance(layer, protocols.MultiNetwork):
            networks += layer.roles.values()
        elif isinstance(layer, keras.Model):
            networks.append(layer)
    return networks
