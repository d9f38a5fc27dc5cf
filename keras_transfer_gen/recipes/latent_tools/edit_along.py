"""Images moved along a direction that `find_directions` found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.directions import move
from keras_transfer_gen.recipes.latent_tools.edit import check_strength
from keras_transfer_gen.recipes.latent_tools.latent_files import read_arrays
from keras_transfer_gen.recipes.latent_tools.latent_space import STYLES, open_space
from keras_transfer_gen.recipes.latent_tools.mix import check_layers
from keras_transfer_gen.recipes.latent_tools.number_lists import parse_numbers
from keras_transfer_gen.recipes.latent_tools.projected import set_noise
from keras_transfer_gen.recipes.output.folder_checks import check_folder
from keras_transfer_gen.recipes.output.image_folder import write_folder
from keras_transfer_gen.recipes.report.reporter import SILENT

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter


def edit_along(
    model: PathLike | ModelRef | keras.Model,
    directions: PathLike,
    direction: int,
    strength: float = 3.0,
    out: PathLike | None = None,
    numbers: str | Sequence[int] = "0-7",
    latents: PathLike | None = None,
    layers: str | Sequence[int] | None = None,
    seed: int = 0,
    trust: bool = False,
    label: int | str | None = None,
    reporter: Reporter = SILENT,
) -> tuple[np.ndarray, np.ndarray]:
    """Moves generated or projected images along one direction of the latent space.

    Args:
        model: what `load_gan` or `load_vae` takes.
        directions: .npz file of `find_directions`, for the same model.
        direction: number of the direction in it, from 0 on.
        strength: how far, in deviations of the latents along the direction; below 0: the other way.
        out: folder for 00000.png, ...; None writes none.
        numbers: images of `generate` to move, such as "0-7"; left out where `latents` is given.
        latents: .npz file of `project`, in place of numbers.
        layers: of styles: the layers that are moved, such as "0-3"; all by default.
        seed: of the images.
        trust: whether you vouch for a model from the web.
        label: class of all images, where there are some.
        reporter: `Reporter`; shows the progress.

    Returns:
        (uint8 images before `[N, S, S, C]`, the same after).

    Raises:
        UserError, UserFileError: where a file is of another model or space, or can't be read, and as `load_gan`.

    Example:
        >>> before, after = edit_along("noto_gan_64", "directions.npz", direction=0)  # doctest: +SKIP
    """
    strength = check_strength(strength)
    if out is not None:
        check_folder(out)
    file = read_arrays(directions, "directions", "directions")
    known = file["directions"]
    hint = "Such as --direction 0."
    direction = checks.check_integer("direction", direction, least=0, most=len(known) - 1, next_step=hint)
    space = open_space(model, file["space"], trust, label=label)
    if known.ndim != 2 or known.shape[1] != space.shape[-1]:
        raise checks.user_error(
            "directions", f"directions of {space.shape[-1]} numbers", known.shape, "They are of another model."
        )
    if latents is None:
        start = space.draw(parse_numbers(numbers, "images"), seed)
    else:
        stored = read_arrays(latents, "latents", "latents")
        if stored["space"] != space.name:
            hint = f"Project with --space {space.name}, or find directions with --space {stored['space']}."
            raise checks.user_error("latents", f"latents of the space {space.name}", stored["space"], hint)
        start = space.check(stored["latents"])
        set_noise(space, stored)
    moved_layers = None if layers is None or space.name != STYLES else check_layers(layers, space)
    before, after = (
        space.images(move(space, start, known[direction], value, moved_layers)) for value in (0.0, strength)
    )
    if out is not None:
        notes = {"direction": direction, "strength": strength}
        write_folder(after, out, notes, reporter)
    return np.asarray(before), np.asarray(after)
