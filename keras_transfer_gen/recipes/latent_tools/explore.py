"""Images to choose from: the ones that are liked lead to more of that kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.recipes.latent_tools.latent_files import read_arrays, write_arrays
from keras_transfer_gen.recipes.latent_tools.latent_space import open_space
from keras_transfer_gen.recipes.latent_tools.number_lists import parse_numbers
from keras_transfer_gen.recipes.latent_tools.outputs import check_file
from keras_transfer_gen.recipes.output.image_folder import write_png
from keras_transfer_gen.recipes.output.sheet_file import check_sheet
from keras_transfer_gen.recipes.report import sheets
from keras_transfer_gen.recipes.report.reporter import SILENT

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.latent_tools.latent_space import LatentSpace
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter


NUM = 16
LIKENESS = 0.5  # of the first proposals to what was liked; it rises by a third of what is missing each time
STEP = 1 / 3


class Exploration:
    """One search in a latent space: proposals, what was liked of them, new proposals.

    Args:
        space: `LatentSpace` of z.
        num: images to propose at a time.
        seed: of the proposals; everything follows from it and from what was liked.
        liked: float32 `[N, latent_dim]`, latents liked so far.
        turn: number of the proposals shown so far.
        latents: float32 `[num, latent_dim]`, the proposals of this turn; None for drawn ones.
    """

    def __init__(
        self,
        space: LatentSpace,
        num: int = NUM,
        seed: int = 0,
        liked: np.ndarray | None = None,
        turn: int = 0,
        latents: np.ndarray | None = None,
    ) -> None:
        self.space, self.num, self.seed, self.turn = space, num, seed, turn
        self.liked = np.zeros((0, *space.shape), np.float32) if liked is None else liked
        self.latents = space.draw(range(num), seed) if latents is None else latents

    def like(self, numbers: str | Sequence[int]) -> None:
        """Takes the numbers of the proposals that are liked, and makes new proposals.

        Args:
            numbers: such as "0,3-5"; or a list.

        Raises:
            UserError: for a number that is not on the sheet.
        """
        numbers = parse_numbers(numbers, "like")
        if not numbers or max(numbers) >= len(self.latents):
            expected = f"numbers from 0 to {len(self.latents) - 1}"
            raise checks.user_error("like", expected, numbers, "Such as --like 0,3.")
        self.liked = np.concatenate([self.liked, self.latents[numbers]])
        self.turn += 1
        likeness = 1.0 - (1.0 - LIKENESS) * (1.0 - STEP) ** (self.turn - 1)
        self.latents = propose(self.liked, self.num, likeness, (self.seed, self.turn))

    def sheet(self) -> np.ndarray:
        """uint8 `[H, W, 3]`: the proposals with their numbers, and what was liked so far below."""
        images = self.space.images(self.latents)
        rows = [
            sheets.labelled([(str(n), image) for n, image in enumerate(images)][first : first + 4])
            for first in range(0, len(images), 4)
        ]
        width = max(row.shape[1] for row in rows)
        return np.concatenate(
            [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
        )


def propose(liked: np.ndarray, num: int, likeness: float, seed: int | tuple[int, ...]) -> np.ndarray:
    """Latents like some liked ones: random blends of them, with something new.

    Where the liked ones are independent draws of N(0, 1), so is each proposal: the blend's weights have the root of the
    sum of squares 1, and so have the shares of the blend and of what is new.

    Args:
        liked: float32 `[N, D]`.
        num: how many.
        likeness: share of the blend's variance, in [0, 1].
        seed: whole number or tuple of such.

    Returns:
        float32 `[num, D]`.
    """
    random = np.random.default_rng(seed)
    weights = random.gamma(0.5, size=(num, len(liked)))  # mostly one or two of them
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    new = random.standard_normal((num, *liked.shape[1:]))
    return (np.sqrt(likeness) * weights @ liked + np.sqrt(1.0 - likeness) * new).astype(np.float32)


def explore(
    model: PathLike | ModelRef | keras.Model,
    out: PathLike,
    like: str | Sequence[int] | None = None,
    num: int = NUM,
    seed: int = 0,
    trust: bool = False,
    label: int | str | None = None,
    reporter: Reporter = SILENT,
) -> Exploration:
    """One turn of a search: shows proposals, or takes what is liked of those shown last and shows new ones.

    Args:
        model: what `load_gan` or `load_vae` takes.
        out: .npz file of the search, which each turn continues; the sheet is written beside it, with the ending .png.
        like: numbers of the images of the last sheet that are liked, such as "0,3-5"; None begins a new search.
        num: images of a sheet.
        seed: of the proposals.
        trust: whether you vouch for a model from the web.
        label: class of all images, where there are some.
        reporter: `Reporter`; shows the sheet.

    Returns:
        `Exploration`, with the new proposals.

    Raises:
        UserError, UserFileError: for a number that is not on the sheet, a search that there is not, and as `load_gan`.

    Example:
        >>> explore("noto_gan_64", "search.npz")  # doctest: +SKIP
        >>> explore("noto_gan_64", "search.npz", like="3,7")  # doctest: +SKIP
    """
    out = check_file(out, ".npz", "Such as --out search.npz.")
    picture = Path(out).with_suffix(".png")
    check_sheet(picture, "out")
    num = checks.check_integer("num", num, most=64, next_step="Such as --num 16.")
    stored = None if like is None else read_arrays(out, "out", "latents")
    space = open_space(model, "z", trust, label=label)
    if stored is None:
        search = Exploration(space, num, seed)
    else:
        latents = space.check(stored["latents"], "out")
        search = Exploration(space, num, int(stored["seed"]), stored["liked"], int(stored["turn"]), latents)
        search.like(like)
    save_turn(search, out, picture, reporter)
    return search


def save_turn(search: Exploration, out: PathLike, picture: PathLike, reporter: Reporter = SILENT) -> None:
    """Writes the state of a search and the sheet of its proposals.

    Args:
        search: `Exploration`.
        out: .npz file.
        picture: PNG file.
        reporter: `Reporter`; shows the sheet.
    """
    sheet = search.sheet()
    reporter.show(sheet)
    arrays = {"latents": search.latents, "liked": search.liked}
    write_arrays(out, search.space, **arrays, turn=np.asarray(search.turn), seed=np.asarray(search.seed))
    with checks.named(grid="out"):
        write_png(picture, sheet)
