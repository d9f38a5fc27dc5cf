"""Directions of a latent space that change images most, with a contact sheet of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.maths.principal_directions import effect_directions, matrix_directions
from keras_transfer_gen.recipes.latent_tools.latent_files import write_arrays
from keras_transfer_gen.recipes.latent_tools.latent_space import STYLES, LatentSpace, open_space
from keras_transfer_gen.recipes.latent_tools.number_lists import parse_numbers
from keras_transfer_gen.recipes.latent_tools.outputs import check_file
from keras_transfer_gen.recipes.output.image_folder import write_png
from keras_transfer_gen.recipes.output.sheet_file import check_sheet
from keras_transfer_gen.recipes.report import sheets
from keras_transfer_gen.recipes.report.reporter import SILENT

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter


NUM, STRENGTH, STEPS = 8, 3.0, 5
SMALL = 16  # pixels: the side of the images whose changes are measured
SAMPLES_PER_DIMENSION = 4


def find_directions(
    model: PathLike | ModelRef | keras.Model | LatentSpace,
    out: PathLike | None = None,
    grid: PathLike | None = None,
    num: int = NUM,
    strength: float = STRENGTH,
    numbers: str | Sequence[int] = "0-2",
    space: str | None = None,
    seed: int = 0,
    trust: bool = False,
    label: int | str | None = None,
    reporter: Reporter = SILENT,
) -> dict[str, Any]:
    """Finds the directions of the latent space along which images change most.

    In the styles of StyleGAN2 they are read off the weights (SeFa). Elsewhere many images are generated and a linear
    fit finds what changes them.

    Args:
        model: what `load_gan` or `load_vae` takes, or a `LatentSpace`.
        out: .npz file for `edit_along`; None writes none.
        grid: PNG file for a sheet: a row an image, from -strength to strength, a block a direction; None writes none.
        num: directions.
        strength: of the sheet's ends, in deviations of the latents along a direction.
        numbers: images of the sheet, such as "0-2".
        space: "w" or "z"; by default the styles where there are some.
        seed: of the images.
        trust: whether you vouch for a model from the web.
        label: class of all images, where there are some.
        reporter: `Reporter`; shows the progress and the sheet.

    Returns:
        dict of "directions", float32 `[num, D]`, each as long as one deviation of the latents along it; "strengths",
        float32 `[num]`, how much each changes, in the method's own unit; "sheet", uint8 `[H, W, 3]`.

    Raises:
        UserError, UserFileError: for more directions than there are, and as `load_gan`.

    Example:
        >>> result = find_directions("noto_gan_64", "directions.npz", num=4)  # doctest: +SKIP
    """
    out = None if out is None else check_file(out, ".npz", "Such as --out directions.npz.")
    if grid is not None:
        check_sheet(grid)
    numbers = parse_numbers(numbers, "images")
    strength = checks.check_number("strength", strength, above=True, most=100.0, next_step="Such as --strength 3.")
    space = model if isinstance(model, LatentSpace) else open_space(model, space, trust, label=label)
    directions, strengths = scaled_directions(space, num, seed, reporter)
    images = space.draw(numbers, seed)
    shares = np.linspace(-strength, strength, STEPS)
    parts = []
    for number, direction in enumerate(directions):
        moved = np.concatenate(
            [[move(space, latent[None], direction, share)[0] for share in shares] for latent in images]
        )
        parts.append((f"direction {number}", pixels.to_grid(space.images(moved), columns=STEPS)))
    sheet = sheets.labelled(parts)
    reporter.show(sheet)
    if grid is not None:
        write_png(grid, sheet)
    if out is not None:
        write_arrays(out, space, directions=directions, strengths=strengths)
    return {"directions": directions, "strengths": strengths, "sheet": sheet}


def scaled_directions(
    space: LatentSpace, num: int = NUM, seed: int = 0, reporter: Reporter = SILENT
) -> tuple[np.ndarray, np.ndarray]:
    """The directions of a space, without a sheet or a file: (directions, strengths) as `find_directions` returns them.

    Args:
        space: `LatentSpace`.
        num: directions.
        seed: of the images that are generated where the space has no styles.
        reporter: `Reporter`; shows the progress.

    Raises:
        UserError: for more directions than there are.
    """
    matrices = style_matrices(space)
    if matrices:
        directions, strengths = matrix_directions(matrices, num)
    else:
        directions, strengths = _measured(space, num, seed, reporter)
    return directions * deviations(space, directions)[:, None], strengths


def style_matrices(space: LatentSpace) -> list[np.ndarray]:
    """The matrices from a style to the channels of each layer that takes one; [] where the space has no styles."""
    if space.name != STYLES:
        return []
    layers = [layer for layer in space.network._flatten_layers() if layer.name == "affine"]
    return [layer.kernel.numpy() for layer in layers if layer.kernel.shape[0] == space.shape[-1]]


def move(
    space: LatentSpace, latents: np.ndarray, direction: np.ndarray, strength: float, layers: list[int] | None = None
) -> np.ndarray:
    """Latents `[N, *shape]` moved along a direction `[D]`, of styles in all layers or in those of a list."""
    moved = np.array(latents, np.float32)
    step = np.float32(strength) * np.asarray(direction, np.float32)
    if space.name == STYLES:
        moved[:, slice(None) if layers is None else layers] += step
    else:
        moved += step
    return moved


def deviations(space: LatentSpace, directions: np.ndarray, samples: int = 500) -> np.ndarray:
    """float32 `[K]`: the standard deviation of a space's latents along each direction."""
    latents = space.draw(range(samples), 0)
    latents = latents[:, 0] if space.name == STYLES else latents
    return (latents @ directions.T).std(axis=0).astype(np.float32)


def _measured(space: LatentSpace, num: int, seed: int, reporter: Reporter) -> tuple[np.ndarray, np.ndarray]:
    count = SAMPLES_PER_DIMENSION * space.shape[-1]
    latents = space.draw(range(count), seed)
    tick, parts = reporter.counter("images generated"), []
    for first in range(0, count, pixels.RENDER_BATCH):
        images = space.images(latents[first : first + pixels.RENDER_BATCH])
        side = min(SMALL, space.spec.image_size)
        small = tf.image.resize(tf.cast(images, tf.float32), (side, side), method="area")
        parts.append(np.asarray(small).reshape(len(images), -1))
        tick(min(first + pixels.RENDER_BATCH, count), count)
    latents = latents[:, 0] if space.name == STYLES else latents
    return effect_directions(latents, np.concatenate(parts), num)
