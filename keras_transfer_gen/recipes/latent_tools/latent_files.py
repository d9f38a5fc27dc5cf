"""Files of latents and directions of a space (.npz)."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks, files

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.latent_tools.latent_space import LatentSpace


NOISE = "noise/"  # before the path of a noise map among the arrays of a file


def write_arrays(path: PathLike, space: LatentSpace, **arrays: Any) -> None:
    """Writes arrays of a space to an .npz file, whole or not at all.

    Args:
        path: of the file; an earlier one is replaced.
        space: `LatentSpace`.
        **arrays: name -> ndarray.
    """
    with files.atomic_path(path) as partial, open(partial, "wb") as stream:
        np.savez(stream, space=np.asarray(space.name), **arrays)


def read_arrays(path: PathLike, name: str, needed: str) -> dict[str, Any]:
    """The arrays of a file that a latent tool wrote.

    Args:
        path: of the .npz file.
        name: the argument's name, for errors.
        needed: name of an array that must be there.

    Returns:
        dict of name -> ndarray; "space" is "w" or "z".

    Raises:
        UserFileError: where it can't be read or holds something else.
    """
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise checks.file_error(name, "an .npz file of a latent tool", path, "It can't be read.") from error
    if needed not in arrays or "space" not in arrays:
        hint = f"`ktg {'directions' if needed == 'directions' else 'project'}` writes one."
        raise checks.file_error(name, f"an .npz file with {needed} and space", path, hint)
    return {**arrays, "space": str(arrays["space"])}
