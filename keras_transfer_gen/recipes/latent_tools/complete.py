"""Keeps a part of images and draws the rest anew, by the prior of a VQ-VAE."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.autoencoders import open_autoencoder
from keras_transfer_gen.recipes.latent_tools.outputs import check_outputs, write_outputs
from keras_transfer_gen.recipes.latent_tools.vae_inputs import read_image_file, read_model_images
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.training.vqvae import VQVAE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import ImageSource, PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.specs import ModelSpec

SIDES = {  # word -> the part of a square that is kept, as (rows, columns)
    "top": (slice(None, 0.5), slice(None)),
    "bottom": (slice(0.5, None), slice(None)),
    "left": (slice(None), slice(None, 0.5)),
    "right": (slice(None), slice(0.5, None)),
}
TRIES = 8  # drawings of each image, of which the one is taken that fits what is kept best
WHITE = 250  # level from which on a mask keeps a pixel


@dataclasses.dataclass(frozen=True)
class Completed:
    """What `complete` returns.

    Args:
        images: uint8 `[N, S, S, C]`.
        kept: share of the tokens that were kept, in [0, 1].
    """

    images: np.ndarray
    kept: float

    def to_dict(self) -> dict[str, Any]:
        """The numbers, ready for JSON."""
        return {"num": len(self.images), "kept": self.kept}


def complete(
    model: PathLike | ModelRef | VQVAE,
    data: ImageSource,
    keep: str | PathLike,
    out: PathLike | None = None,
    grid: PathLike | None = None,
    seed: int = 0,
    temperature: float | None = None,
    label: int | str | None = None,
    reporter: Reporter = SILENT,
) -> Completed:
    """Keeps a part of each image and draws the rest anew.

    Each image is drawn several times. The prior reads from the top left to the bottom right, so what is kept below
    counts by its likelihood: the drawing is taken after which the kept tokens are likeliest. Kept pixels stay as they
    are.

    Args:
        model: `VQVAE` with a prior, or what `load_vq` takes.
        data: what `load_images` returns or takes.
        keep: "top", "bottom", "left" or "right", the half that stays, or the path of an image that is white where it
            stays.
        out: folder for 00000.png, ..., in the order of the images' names; None writes none.
        grid: PNG file for a sheet: input, what is kept, result; None writes none.
        seed: image i depends on the seed, its number and what is kept of it alone.
        temperature: above 0; less than 1 is safer and less varied. None is the prior's own.
        label: class of all images, name or number; None leaves it open.
        reporter: `Reporter`; shows the progress.

    Returns:
        `Completed`.

    Raises:
        UserError, UserFileError: for a model without a prior over tokens, a mask that keeps nothing or everything, and
            where something can't be read or written.

    Example:
        >>> result = complete("runs/mine", "photos/", keep="top", grid="sheet.png")  # doctest: +SKIP
    """
    check_outputs(out, grid)
    vq = open_autoencoder(model)
    if not isinstance(vq, VQVAE) or vq.prior is None:
        step = "Such as emoji_vq_64. Images of a VAE are changed by ktg edit --positive and --negative."
        raise checks.user_error("model", "a VQVAE with a prior, to keep a part of images", type(vq).__name__, step)
    mask = read_mask(keep, vq.spec)
    inputs = read_model_images(data, vq.spec, reporter=reporter)
    images = np.asarray(inputs.images)
    tokens, (rows, columns) = vq.prior.own_rows(vq.encode(images)), vq.prior_grid
    kept = kept_tokens(mask, (vq.grid[0] // vq.depth, columns))
    kept = np.tile(kept, (rows // len(kept), 1))
    number = vq.spec.class_number(label)
    drawn = fitting_draws(vq, tokens, kept, seed, temperature, number, reporter)
    completed = np.where(mask[None, :, :, None], images, vq.decode(drawn))
    shown = np.where(mask[None, :, :, None], images, np.uint8(128))
    write_outputs(
        completed, [("input", images), ("kept", shown), ("completed", completed)], inputs, out, grid,
        {"keep": str(keep), "seed": seed}, reporter,
    )  # fmt: skip
    return Completed(completed, float(kept.mean()))


def read_mask(keep: str | PathLike, spec: ModelSpec) -> np.ndarray:
    """bool `[S, S]`, True where pixels stay.

    Args:
        keep: a word of `SIDES`, or the path of an image that is white where they stay.
        spec: `ModelSpec` of the model.

    Raises:
        UserError, UserFileError: for another word, a file that is no image, and a mask of one colour.
    """
    size = spec.image_size
    if keep in SIDES:
        mask = np.zeros((size, size), bool)
        mask[tuple(_in_pixels(part, size) for part in SIDES[str(keep)])] = True
        return mask
    if not os.path.exists(keep):
        expected = f"one of {', '.join(SIDES)}, or an image file that exists and is white where pixels stay"
        raise checks.user_error("keep", expected, str(keep), "Such as --keep top.")
    mask = np.asarray(read_image_file(keep, spec, "keep")[0].min(axis=-1) >= WHITE)
    if mask.all() or not mask.any():
        expected = "a mask that is white where pixels stay and darker where they are drawn anew"
        raise checks.user_error("keep", expected, f"{keep}, which keeps {'all' if mask.all() else 'nothing'}")
    return mask


def _in_pixels(part: slice, size: int) -> slice:
    start, stop = (None if edge is None else round(edge * size) for edge in (part.start, part.stop))
    return slice(start, stop)


def kept_tokens(mask: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """bool `[rows, columns]`: the tokens all of whose pixels stay.

    Example:
        >>> kept_tokens(np.array([[True, True], [True, False]]).repeat(4, 0).repeat(4, 1), (2, 2)).tolist()
        [[True, True], [True, False]]
    """
    rows, columns = grid
    cells = mask.reshape(rows, mask.shape[0] // rows, columns, mask.shape[1] // columns)
    return np.asarray(cells.all(axis=(1, 3)))


def fitting_draws(
    vq: VQVAE, tokens: np.ndarray, kept: np.ndarray, seed: int, temperature: float | None = None,
    label: int | None = None, reporter: Reporter = SILENT,
) -> np.ndarray:  # fmt: skip
    """Grids that agree with tokens where they are kept; of several draws each, the one that fits the kept ones best.

    Args:
        vq: `VQVAE` with a prior.
        tokens: int32 `[N, rows, columns]`.
        kept: bool `[rows, columns]`.
        seed: non-negative integer.
        temperature: above 0, or None for the prior's own.
        label: number of the class, or None.
        reporter: `Reporter`; shows the progress.

    Returns:
        int32 `[N, rows, columns]`.
    """
    tries = TRIES if _is_read_later(kept) else 1  # what comes before is known while the rest is drawn
    count, tick = len(tokens), reporter.counter("draws")
    best, fewest = tokens.copy(), np.full(count, np.inf)
    for turn in range(tries):
        drawn = vq.prior.draw(count, seed, label, start=turn * count, temperature=temperature, known=tokens, keep=kept)
        nats = kept_nats(vq, drawn, kept, label)
        better = nats < fewest
        best[better], fewest[better] = drawn[better], nats[better]
        tick(turn + 1, tries)
    return best


def _is_read_later(kept: np.ndarray) -> bool:
    """Whether a kept token comes after one that is drawn, in reading order."""
    flat = kept.reshape(-1)
    return bool(flat[int(np.argmin(flat)) :].any())


def kept_nats(vq: VQVAE, tokens: np.ndarray, kept: np.ndarray, label: int | None = None) -> np.ndarray:
    """float `[N]`: minus the log-likelihood of the kept tokens, given all that comes before each."""
    costs = vq.prior.token_nats(tokens, None if label is None else np.full(len(tokens), label))
    return costs[:, kept].sum(axis=1)
