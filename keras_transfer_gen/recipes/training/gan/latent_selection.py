"""How a fine-tune to near images begins: the generator is limited to the latents that are most like them.

The source can make more than the images show. Trained as it is, a generator of all kinds of things would have to turn
each of them into what the images show, which no short training does. So the discriminator learns alone for a moment;
the latents whose images it then rates highest become the centres of a mixture that the generator draws from, and
training goes on from there. Norms keep their statistics: those of batches from a part of the latents would undo the
selection.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.networks.blended import known
from keras_transfer_gen.networks.latents.latent_mixture import draws_from_mixture, insert_latent_mixture
from keras_transfer_gen.recipes.report.reporter import SILENT
from keras_transfer_gen.recipes.runs.phases import Phase
from keras_transfer_gen.recipes.settings.defaults import FAR
from keras_transfer_gen.recipes.training.gan import framing, known_images
from keras_transfer_gen.recipes.training.gan.freezing import STATISTICS, frozen_by_author
from keras_transfer_gen.streams import ImageStream
from keras_transfer_gen.training.distribution import outside_scope
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.latent_ranking import rank_latents
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.paths import leaves

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Progress
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.recipes.runs.workers import Workers
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings


FARTHEST = FAR  # KID x 1000 of the images to the source's own; beyond, all of the source is trained
LONGEST_SHARE = 0.2  # of a run's kimg


@dataclasses.dataclass(frozen=True)
class LatentSelection:
    """How many latents are rated, and how many of the best become centres."""

    pool: int = 4000
    keep: int = 200


DEFAULT = LatentSelection()  # of every run


def is_due(gan: GAN, settings: FineTuneSettings, distance: float) -> bool:
    """Whether latents are to be selected: the settings ask for it, it is not done, the images are near the source."""
    return bool(settings.latent_selection_kimg) and distance < FARTHEST and not draws_from_mixture(gan.generator)


def is_done(gan: GAN) -> bool:
    """Whether a GAN draws from selected latents already (bool)."""
    return draws_from_mixture(gan.generator)


def selection_phase(run: Run[FineTuneSettings]) -> Phase:
    """The `Phase` in which the discriminator learns alone; at its end the generator gets its mixture."""
    settings = run.resolved

    def after(training: Training) -> None:
        with run.strategy.scope():
            training.model = limit_latents(training.model, settings, run.workers, run.reporter)
        if run.workers.is_chief:
            training.save(settings.out)

    def before(training: Training) -> None:
        freeze_generator(training.model)

    return Phase("selecting latents", selection_kimg(settings), before=before, after=after)


def selection_kimg(settings: FineTuneSettings) -> float:
    """How long the discriminator learns alone, in kimg: at most a fifth of the run."""
    return min(settings.latent_selection_kimg, LONGEST_SHARE * settings.kimg)


def limit_latents(
    gan: GAN, settings: FineTuneSettings, workers: Workers | None = None, reporter: Reporter = SILENT
) -> GAN:
    """A GAN that draws from the latents that its discriminator rates highest, with the settings' freezing rules.

    Args:
        gan: compiled `GAN`; call it in the scope of its strategy.
        settings: of the run.
        workers: `Workers` of the run, of which the first chooses; None for a process alone.
        reporter: told how far the rating of latents is.
    """
    rules = [*settings.rules(), *frozen_by_author(gan)]
    return _with_mixture(gan, settings.seed, rules, DEFAULT, workers, reporter.counter("rating latents"))


def freeze_generator(gan: GAN) -> None:
    """Freezes all generator weights."""
    freeze(gan, {"generator/.*": False})


def select_latents(
    gan: GAN, images: Any, kimg: float = 0.5, seed: int = 0, pool: int = DEFAULT.pool, keep: int = DEFAULT.keep
) -> GAN:
    """Limits a GAN to the part of its latents whose images are most like the given ones; for images near the source.

    The discriminator learns alone for a moment; the latents whose images it then rates highest become the centres of a
    `LatentMixture` in front of the generator. Fit the result as usual. `ktg finetune` begins with it. Of a generator
    that blends images that it knows, those most like the given ones are kept, and resized where things in them are
    larger or smaller; it takes no labels any more.

    Args:
        gan: compiled `GAN` that was trained on other images.
        images: what `load_images` returns.
        kimg: thousands of images that the discriminator is shown.
        seed: of the latents to choose from.
        pool: number of latents that are rated.
        keep: how many of the best become centres, at most `pool`.

    Returns:
        `GAN`, compiled alike with fresh optimizers, everything trainable but the statistics of the generator's norms.
        Of the GAN that was given the discriminator has learnt too, and the generator is frozen.

    Raises:
        UserError: where the GAN isn't compiled or draws from a mixture already, the images are of another kind, or
            `keep` is larger than `pool`.

    Example:
        >>> gan = select_latents(gan, load_images("photos/"))  # doctest: +SKIP
    """
    kimg = checks.check_number("kimg", kimg, above=True, next_step="Such as kimg=0.5.")
    checks.check_integer("pool", pool, least=checks.check_integer("keep", keep))
    if not gan.compiled:
        raise checks.UserError("the GAN is not compiled. Call gan.compile() before select_latents(gan, ...).")
    if not isinstance(images, ImageStream):
        raise checks.user_error("images", "what load_images returns", images, 'Such as load_images("photos/").')
    if draws_from_mixture(gan.generator):
        raise checks.user_error(
            "gan", "one that draws from all of its latents", gan.name, "It was done before: fit it."
        )
    steps = math.ceil(kimg * 1000 / images.batch_size)
    if known.blend_layer(gan.generator) is not None:
        return _select_known(gan, images, steps, seed)
    freeze_generator(gan)
    gan.fit(images, steps_per_epoch=steps, verbose=0)
    return _with_mixture(gan, seed, [], LatentSelection(pool, keep))


def _select_known(gan: GAN, images: ImageStream, steps: int, seed: int) -> GAN:
    """A compiled GAN that blends the known images most like some others; its discriminator has learnt alone."""
    shown = images.image_set.images
    numbers = known_images.choose_known(gan, shown, SILENT)
    zoom, numbers = framing.choose_framed(gan, numbers, shown, SILENT)
    kept = framing.frame(known_images.keep_known(gan, numbers, seed), zoom)
    kept.compile_like(gan)
    freeze_generator(kept)
    kept.fit(images, steps_per_epoch=steps, verbose=0)
    freeze(kept, [*known_images.FROZEN, (".*", True)])
    return kept


def _with_mixture(
    gan: GAN,
    seed: int,
    rules: Sequence[tuple[str, bool]],
    selection: LatentSelection,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> GAN:
    """A compiled GAN that draws from a mixture around the best latents and has learnt what `gan` has learnt."""

    def rank() -> list[list[float]]:
        return outside_scope(rank_latents, gan, selection.pool, selection.keep, seed, progress).tolist()

    centres = np.asarray(rank() if workers is None else workers.from_chief(rank), np.float32)
    generator = insert_latent_mixture(gan.ema_generator, centres, seed=seed)
    generator.name = gan.generator.name
    limited = GAN(generator, gan.discriminator, spec=gan.spec, name=gan.name)
    limited.step.assign(gan.step + 1)  # the selection counts as a step, so that its checkpoint has a name of its own
    limited.images_seen.assign(gan.images_seen)
    limited.compile_like(gan)
    freeze(limited, [*rules, *_frozen_statistics(limited), (".*", True)])
    return limited


def _frozen_statistics(gan: GAN) -> list[tuple[str, bool]]:
    """Freezing rules that hold the norms' statistics of a generator still; none where it has none."""
    paths = [path for leaf in leaves(gan) for path in leaf.variable_paths()]
    return [(STATISTICS, False)] if any(re.fullmatch(STATISTICS, path) for path in paths) else []
