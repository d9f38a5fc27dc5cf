"""The latent whose image is nearest to a given image."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, files, pixels
from keras_transfer_gen.recipes.latent_tools.image_distance import image_distance
from keras_transfer_gen.recipes.latent_tools.latent_files import NOISE, write_arrays
from keras_transfer_gen.recipes.latent_tools.latent_space import STYLES, LatentSpace, open_space, spread
from keras_transfer_gen.recipes.latent_tools.outputs import check_file
from keras_transfer_gen.recipes.latent_tools.projected import noise_correlation, noise_maps, standardized
from keras_transfer_gen.recipes.latent_tools.vae_inputs import read_image_file
from keras_transfer_gen.recipes.output.image_folder import write_png
from keras_transfer_gen.recipes.output.sheet_file import add_mark, check_sheet
from keras_transfer_gen.recipes.report import sheets
from keras_transfer_gen.recipes.report.curves import Line, Panel, draw_curves
from keras_transfer_gen.recipes.report.reporter import SILENT

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.aliases import PathLike
    from keras_transfer_gen.recipes.models.resolve import ModelRef
    from keras_transfer_gen.recipes.report.reporter import Reporter


STEPS, RATE, NOISE_WEIGHT = 300, 0.1, 1e5
STARTS = 64  # latents of which the nearest is the start, where the space has no centre that is an image
RISE, FALL, JITTER, JITTER_SHARE = 0.05, 0.25, 0.05, 0.75  # shares of the steps; of a deviation


@dataclasses.dataclass(frozen=True)
class Projection:
    """What `project` returns.

    Args:
        image: uint8 `[S, S, C]`, the projected image.
        target: uint8 `[S, S, C]`, the given one as the model sees it.
        latents: float32 `[1, *shape]`.
        distances: float32 `[steps]`, the distance at each step.
        distance: the last distance.
        measured_by: its name.
        space: "w" or "z".
        noise: path -> float32 `[side, side]`, the noise maps that belong to the latents; {} where there are none.
    """

    image: np.ndarray
    target: np.ndarray
    latents: np.ndarray
    distances: np.ndarray
    distance: float
    measured_by: str
    space: str
    noise: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The numbers, ready for JSON."""
        return {
            "distance": self.distance, "first_distance": float(self.distances[0]), "measured_by": self.measured_by,
            "space": self.space, "steps": len(self.distances), "shape": list(self.latents.shape[1:]),
        }  # fmt: skip


def project(
    model: PathLike | ModelRef | keras.Model | LatentSpace,
    image: PathLike | np.ndarray,
    out: PathLike | None = None,
    grid: PathLike | None = None,
    curve: PathLike | None = None,
    space: str | None = None,
    each_layer: bool = False,
    steps: int = STEPS,
    distance: str = "features",
    seed: int = 0,
    trust: bool = False,
    label: int | str | None = None,
    reporter: Reporter = SILENT,
) -> Projection:
    """Finds the latent whose image is nearest to an image. The image must be aligned as the model's own images are.

    Args:
        model: what `load_gan` or `load_vae` takes, or a `LatentSpace`.
        image: path of an image file, or uint8 `[S, S, C]` of the model's size.
        out: .npz file: latents, space, noise maps where there are some, distances; None writes none.
        grid: PNG file: the image, the start and the projection; None writes none.
        curve: PNG file of the distance by step; None writes none.
        space: "w" or "z"; by default the styles where there are some.
        each_layer: of styles: one for each layer ("w+"): nearer to the image, but changes of it look worse.
        steps: of the optimiser.
        distance: see `image_distance`.
        seed: of what is drawn.
        trust: whether you vouch for a model from the web.
        label: class of the image, where there are some.
        reporter: `Reporter`; shows the progress and the sheet.

    Returns:
        `Projection`.

    Raises:
        UserError, UserFileError: where the image can't be used, for `each_layer` without styles, and as `load_gan`.

    Example:
        >>> projection = project("noto_gan_64", "photo.png", "photo.npz")  # doctest: +SKIP

    Reference:
        Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020 (arXiv:1912.04958), appendix D.
    """
    out = None if out is None else check_file(out, ".npz", "Such as --out latents.npz.")
    for name, path in (("grid", grid), ("curve", curve)):
        if path is not None:
            check_sheet(path, name)
    steps = checks.check_integer("steps", steps, next_step="Such as --steps 300.")
    space = model if isinstance(model, LatentSpace) else open_space(model, space, trust, label=label)
    if each_layer and space.name != STYLES:
        hint = "Leave --each-layer out: it is for style-based generators, such as stylegan2."
        raise checks.user_error("each_layer", "left out for this space", True, hint)
    target = image[None] if isinstance(image, np.ndarray) else read_image_file(image, space.spec, "image")
    measure, measured_by = image_distance(distance, pixels.to_model_range(target))
    mean, deviation = spread(space, seed=seed)
    start = _start(space, mean, measure, target, seed)
    latents, distances, noise = _optimise(space, start, deviation, measure, each_layer, steps, seed, reporter)
    first, last = (space.images(space.check(part))[0] for part in (start, latents))
    sheet = sheets.side_by_side([("image", target), ("start", first[None]), ("projection", last[None])])
    reporter.show(sheet)
    if grid is not None:
        write_png(grid, sheet)
    if curve is not None:
        line = Line("distance", list(range(steps)), [float(value) for value in distances], "tab:blue")
        stream = io.BytesIO()
        draw_curves([Panel(f"distance: {measured_by}", [line], "log", "step")]).savefig(stream, format="png", dpi=110)
        files.write_bytes(curve, add_mark(stream.getvalue()))
    if out is not None:
        arrays = {NOISE + path: value for path, value in noise.items()}
        write_arrays(out, space, latents=latents, distances=distances, **arrays)
    return Projection(last, target[0], latents, distances, float(distances[-1]), measured_by, space.name, noise)


def rate_at(step: int, steps: int) -> float:
    """The learning rate of a step: it rises over the first steps and falls over the last quarter, a cosine."""
    share = step / steps
    fall = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1.0 - share) / FALL))
    return RATE * fall * min(1.0, share / RISE)


def _start(
    space: LatentSpace, mean: np.ndarray, measure: Callable[[tf.Tensor], tf.Tensor], target: np.ndarray, seed: int
) -> np.ndarray:
    """float32 `[1, *shape]`: the encoder's latent, the average style, or the nearest of a few drawn latents."""
    if space.encode is not None:
        return space.encode(target)
    if space.name == STYLES:
        return mean[None]
    drawn = space.draw(range(STARTS), seed)
    distances = [float(measure(space.render(tf.constant(latent[None])))[0]) for latent in drawn]
    return drawn[int(np.argmin(distances))][None]


def _optimise(
    space: LatentSpace,
    start: np.ndarray,
    deviation: float,
    measure: Callable[[tf.Tensor], tf.Tensor],
    each_layer: bool,
    steps: int,
    seed: int,
    reporter: Reporter,
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """(latents `[1, *shape]`, distances `[steps]`, dict of the noise maps' values)."""
    styles = space.name == STYLES
    first = start if each_layer or not styles else start[:, :1]
    latent = tf.Variable(first, dtype=tf.float32)
    maps = noise_maps(space) if styles else {}
    random = np.random.default_rng((seed, 1))
    for variable in maps.values():
        variable.assign(random.standard_normal(variable.shape).astype(np.float32))
    variables = [latent, *(variable.value for variable in maps.values())]
    moments = [[tf.Variable(tf.zeros_like(v)) for v in variables] for _ in range(2)]

    @tf.function
    def update(step: tf.Tensor, rate: tf.Tensor, jitter: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(variables)
            moved = latent + jitter * tf.random.stateless_normal(tf.shape(latent), [seed, step])
            shown = tf.repeat(moved, space.shape[0], axis=1) if styles and not each_layer else moved
            gap = measure(space.render(shown))[0]
            loss = gap + NOISE_WEIGHT * noise_correlation([variable.value + 0.0 for variable in maps.values()])
        gradients = tape.gradient(loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        count = tf.cast(step + 1, tf.float32)
        for variable, gradient, first_moment, second_moment in zip(variables, gradients, *moments, strict=True):
            first_moment.assign(0.9 * first_moment + 0.1 * gradient)
            second_moment.assign(0.999 * second_moment + 0.001 * gradient**2)
            scaled = first_moment / (1.0 - 0.9**count)
            variable.assign_sub(rate * scaled / (tf.sqrt(second_moment / (1.0 - 0.999**count)) + 1e-8))
        return gap

    distances = []
    with reporter.progress("projecting", steps, "steps") as tick:
        for step in range(steps):
            jitter = deviation * JITTER * max(0.0, 1.0 - step / steps / JITTER_SHARE) ** 2
            values = (tf.constant(step), tf.constant(rate_at(step, steps), tf.float32), tf.constant(jitter, tf.float32))
            distances.append(float(update(*values)))
            for variable in maps.values():
                variable.assign(standardized(variable.numpy()))
            tick(step + 1)
    result = latent.numpy()
    if styles and not each_layer:
        result = np.repeat(result, space.shape[0], axis=1)
    return result, np.asarray(distances, np.float32), {path: variable.numpy() for path, variable in maps.items()}
