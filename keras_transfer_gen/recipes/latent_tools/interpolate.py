"""From one image to another through the latent space, as a film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.autoencoders import arc_between, circle_through_draws, open_autoencoder
from keras_transfer_gen.recipes.latent_tools.outputs import check_file
from keras_transfer_gen.recipes.latent_tools.vae_inputs import read_image_file
from keras_transfer_gen.recipes.report import sheets

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.specs import ModelSpec


FRAMES = 24
TURNS = 3  # drawn latents that a film without images passes before it is back at the first


def interpolate(
    model: PathLike | ModelRef | keras.Model,
    out: PathLike | None = None,
    start: PathLike | np.ndarray | None = None,
    end: PathLike | np.ndarray | None = None,
    frames: int = FRAMES,
    seed: int = 0,
    trust: bool = False,
) -> np.ndarray:
    """Images on an arc of the latent space; with `out` also as a film (GIF).

    With two images: from the first to the last, by the means of their posteriors (of a VQ-VAE by mixtures of their
    codes). Without: through a few latents drawn
    from the prior and back to the first, so that the film can repeat. That arc is one of the noise that the prior maps
    to latents, so each of its points is one that the prior may draw.

    Args:
        model: `VAE` or `VQVAE`, or what `load_vae` or `load_vq` takes.
        out: the .gif file; None writes no film.
        start: path of the first image, or uint8 `[S, S, C]`.
        end: the same for the last.
        frames: images from one end to the next, both included; at least 2.
        seed: of drawn latents.
        trust: whether you vouch for a model from the web.

    Returns:
        uint8 `[F, S, S, C]`.

    Raises:
        UserError, UserFileError: where only one end is given, or something can't be read or written.

    Example:
        >>> frames = interpolate("runs/mine", "film.gif", start="a.png", end="b.png")  # doctest: +SKIP
    """
    if (start is None) != (end is None):
        hint = "Give both --from and --to, or neither: then latents are drawn."
        raise checks.user_error("start and end", "both given, or neither", (start, end), hint)
    frames = checks.check_integer("frames", frames, least=2, next_step="Such as --frames 24.")
    seed = checks.check_integer("seed", seed, least=0, next_step="Give a whole number with seed= or --seed.")
    out = None if out is None else check_file(out, ".gif", "Such as --out film.gif.")
    autoencoder = open_autoencoder(model, trust)
    if start is None:
        images = circle_through_draws(autoencoder, TURNS, np.linspace(0.0, 1.0, frames)[:-1], seed)
    else:
        ends = [_read_end(*end, autoencoder.spec) for end in ((start, "from"), (end, "to"))]
        images = arc_between(autoencoder, np.concatenate(ends), np.linspace(0.0, 1.0, frames))
    if out is not None:
        circle = start is None  # its last frame is shown no longer than the others
        sheets.write_film(out, list(images), sheets.FRAME_MILLISECONDS if circle else sheets.LAST_MILLISECONDS)
    return images


def _read_end(image: PathLike | np.ndarray, name: str, spec: ModelSpec) -> np.ndarray:
    """uint8 `[1, S, S, C]` of a path or an array."""
    if not isinstance(image, np.ndarray):
        return read_image_file(image, spec, name)
    shape = (spec.image_size, spec.image_size, spec.channels)
    if image.shape != shape or image.dtype != np.uint8:
        raise checks.user_error(name, f"uint8 {list(shape)}", f"{image.dtype} {image.shape}")
    return image[None]
