"""Style mixing: coarse layers of one image, fine layers of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.recipes.latent_tools.latent_space import STYLES, LatentSpace, open_space
from keras_transfer_gen.recipes.latent_tools.number_lists import parse_numbers
from keras_transfer_gen.recipes.output.image_folder import write_png
from keras_transfer_gen.recipes.output.sheet_file import check_sheet

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef


def mix(
    model: PathLike | ModelRef | LatentSpace,
    out: PathLike | None = None,
    rows: str | Sequence[int] = "0-3",
    columns: str | Sequence[int] = "4-7",
    layers: str | Sequence[int] | None = None,
    seed: int = 0,
    truncation: float = 1.0,
    trust: bool = False,
    label: int | str | None = None,
) -> np.ndarray:
    """A sheet of images: each has the styles of its row's image, but in some layers those of its column's.

    Args:
        model: what `load_gan` takes, or a `LatentSpace` of styles.
        out: PNG file to write; None writes none.
        rows: numbers of the images, as `generate` has them, such as "0-3".
        columns: the same; their styles are copied.
        layers: numbers of the copied layers, such as "0-6", coarse ones first; by default the first third.
        seed: of the images.
        truncation: in (0, 1]; less is safer and less varied.
        trust: whether you vouch for a model from the web.
        label: class of all images, where there are some.

    Returns:
        uint8 `[rows + 1, columns + 1, S, S, C]`: the first row and column are the images that are mixed; the corner is
        white.

    Raises:
        UserError, UserFileError: for a model without styles, numbers that it does not have, and as `load_gan`.

    Example:
        >>> sheet = mix("ffhq.pkl", "mix.png", rows="0-3", columns="4-7")  # doctest: +SKIP

    Reference:
        Karras et al., A Style-Based Generator Architecture, 2019 (arXiv:1812.04948).
    """
    if out is not None:
        check_sheet(out, "out")
    rows, columns = parse_numbers(rows, "rows"), parse_numbers(columns, "columns")
    space = model if isinstance(model, LatentSpace) else open_space(model, STYLES, trust, label=label)
    copied = check_layers(layers, space)
    own, other = (space.draw(numbers, seed, truncation) for numbers in (rows, columns))
    mixed = copy_layers(own[:, None], other[None], copied)
    everything = np.concatenate([own, other, mixed.reshape(-1, *space.shape)])
    images = space.images(everything)
    size = images.shape[1:]
    sheet = np.full((len(rows) + 1, len(columns) + 1, *size), 255, np.uint8)
    sheet[1:, 0], sheet[0, 1:] = images[: len(rows)], images[len(rows) : len(rows) + len(columns)]
    sheet[1:, 1:] = images[len(rows) + len(columns) :].reshape(len(rows), len(columns), *size)
    if out is not None:
        with checks.named(grid="out"):
            write_png(out, pixels.to_grid(sheet.reshape(-1, *size), columns=len(columns) + 1))
    return sheet


def copy_layers(styles: np.ndarray, other: np.ndarray, layers: Sequence[int]) -> np.ndarray:
    """Styles `[..., layers, w_dim]` that have those of others in some layers (list of int); both are broadcast."""
    mixed = np.array(np.broadcast_arrays(styles, other)[0])
    mixed[..., layers, :] = other[..., layers, :]
    return mixed


def check_layers(layers: str | Sequence[int] | None, space: LatentSpace) -> list[int]:
    """The numbers of a space's layers that a text lists (list of int); None gives the first third.

    Raises:
        UserError: for a layer that there is not.
    """
    count = space.shape[0]
    if layers is None:
        return list(range(count // 3 + 1))
    numbers = parse_numbers(layers, "layers")
    if max(numbers) >= count:
        raise checks.user_error("layers", f"numbers from 0 to {count - 1}", layers, "Such as --layers 0-2.")
    return numbers
