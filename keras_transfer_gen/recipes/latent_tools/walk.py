"""A film that walks through latents on a smooth closed curve and ends where it began."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer_gen import checks
from keras_transfer_gen.maths.closed_curves import closed_curve
from keras_transfer_gen.recipes.latent_tools.latent_space import LatentSpace, open_space
from keras_transfer_gen.recipes.latent_tools.number_lists import parse_numbers
from keras_transfer_gen.recipes.output.films import check_film, write_film

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef


FRAMES, RATE = 24, 12.0


def walk(
    model: PathLike | ModelRef | keras.Model | LatentSpace,
    out: PathLike | None = None,
    numbers: str | Sequence[int] = "0-5",
    frames: int = FRAMES,
    rate: float = RATE,
    seed: int = 0,
    truncation: float = 1.0,
    space: str | None = None,
    trust: bool = False,
    label: int | str | None = None,
) -> np.ndarray:
    """Images on a closed curve through the latents of some generated images; with `out` also as a film.

    Args:
        model: what `load_gan` or `load_vae` takes, or a `LatentSpace`.
        out: film to write, *.gif, *.webp, *.png (APNG) or, where ffmpeg is installed, *.mp4; None writes none.
        numbers: the images that the walk passes, as `generate` has them, such as "0-5"; at least two.
        frames: images from one to the next.
        rate: images a second.
        seed: of the images.
        truncation: in (0, 1]; less is safer and less varied.
        space: "w" or "z"; by default the styles where there are some.
        trust: whether you vouch for a model from the web.
        label: class of all images, where there are some.

    Returns:
        uint8 `[F, S, S, C]`; after the last comes the first.

    Raises:
        UserError, UserFileError: for fewer than two images, a kind of film that can't be written, and as `load_gan`.

    Example:
        >>> film = walk("noto_gan_64", "walk.webp", numbers="0-3")  # doctest: +SKIP
    """
    out = None if out is None else check_film(Path(out))
    numbers = parse_numbers(numbers, "images")
    if len(set(numbers)) < 2:
        raise checks.user_error("images", "at least two different numbers", numbers, "Such as --images 0-5.")
    frames = checks.check_integer("frames", frames, next_step="Such as --frames 24.")
    rate = checks.check_number("rate", rate, above=True, most=100.0, next_step="Such as --rate 12.")
    space = model if isinstance(model, LatentSpace) else open_space(model, space, trust, label=label)
    images = space.images(closed_curve(space.draw(numbers, seed, truncation), frames))
    if out is not None:
        write_film(out, images, rate)
    return images
