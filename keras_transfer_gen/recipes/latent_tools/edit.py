"""Images changed along a direction of the latent space that two sets of images define: with glasses and without."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.maths.latent_arithmetic import attribute_direction, move
from keras_transfer_gen.maths.residual_detail import add_detail, check_detail
from keras_transfer_gen.metrics.edge_similarity import edge_similarity
from keras_transfer_gen.recipes.latent_tools.outputs import check_outputs, write_outputs
from keras_transfer_gen.recipes.latent_tools.vae_inputs import open_vae, read_model_images
from keras_transfer_gen.recipes.report.reporter import SILENT

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import ImageSource, PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter


STRENGTH = 1.5
MAX_STRENGTH = 100.0


@dataclasses.dataclass(frozen=True)
class Edited:
    """What `edit` returns.

    Args:
        images: uint8 `[N, S, S, C]`.
        direction: float32 `[latent_dim]`, for a strength of 1.
        edge_similarity: mean correlation of outlines with the input, in [-1, 1] (see `metrics.edge_similarity`).
        before: mean position of the inputs between the negative (0) and the positive (1) images, along the direction.
        after: the same of the edited images, encoded again.
        target: the mean position of the edited latents; the images may show less of it.
    """

    images: np.ndarray
    direction: np.ndarray
    edge_similarity: float
    before: float
    after: float
    target: float

    def to_dict(self) -> dict[str, Any]:
        """The numbers, ready for JSON."""
        numbers = {name: getattr(self, name) for name in ("edge_similarity", "before", "after", "target")}
        return {"num": len(self.images), "length": float(np.linalg.norm(self.direction)), **numbers}


def edit(
    model: PathLike | ModelRef | keras.Model,
    data: ImageSource,
    positive: ImageSource,
    negative: ImageSource,
    strength: float = STRENGTH,
    detail: float = 0.0,
    out: PathLike | None = None,
    grid: PathLike | None = None,
    trust: bool = False,
    reporter: Reporter = SILENT,
) -> Edited:
    """Moves images along the direction from `negative` to `positive` images, in the latent space.

    Args:
        model: `VAE`, or what `load_vae` takes.
        data: the images to change: what `load_images` returns or takes.
        positive: images with the attribute, such as glasses: the same.
        negative: images without it. The more similar both sets are otherwise, the better.
        strength: how far to move; 1 is the whole mean difference, a negative value moves away.
        detail: share, 0 to 1, of what the VAE loses of each image that is put back; see `add_detail`.
        out: folder for 00000.png, ..., in the order of the images' names; None writes none.
        grid: PNG file for a sheet of images before and after; None writes none.
        trust: whether you vouch for a model from the web.
        reporter: `Reporter`; shows the progress.

    Returns:
        `Edited`.

    Raises:
        UserError, UserFileError: where something can't be read, the two sets don't differ, or `out` holds other files.

    Example:
        >>> edited = edit("runs/mine", "photos/", positive="smiling/", negative="serious/")  # doctest: +SKIP
    """
    strength = check_strength(strength)
    detail = check_detail(detail)
    check_outputs(out, grid)
    vae = open_vae(model, trust)
    inputs = read_model_images(data, vae.spec, reporter=reporter)
    with_attribute, without = (
        vae.encode(read_model_images(source, vae.spec, name, reporter).images)[0]
        for name, source in (("positive", positive), ("negative", negative))
    )
    direction = attribute_direction(with_attribute, without)
    latents, _ = vae.encode(inputs.images)
    moved = move(latents, direction, strength)
    images = add_detail(inputs.images, vae.decode(latents), vae.decode(moved), detail)
    notes = {"strength": strength, "detail": detail}
    write_outputs(images, [("input", inputs.images), ("edited", images)], inputs, out, grid, notes, reporter)
    encoded, _ = vae.encode(images)
    before, after, target = (
        float(((z - without.mean(axis=0)) @ direction / (direction @ direction)).mean())
        for z in (latents, encoded, moved)
    )
    similarity = float(edge_similarity(inputs.images, images).mean())
    return Edited(images, direction, similarity, before=before, after=after, target=target)


def check_strength(strength: Any) -> float:
    """Returns a strength as float, from -100 to 100, or raises a `UserError`."""
    hint = "Such as --strength 1.5."
    return checks.check_number("strength", strength, least=-MAX_STRENGTH, most=MAX_STRENGTH, next_step=hint)
