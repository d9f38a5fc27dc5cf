"""How a fine-tune begins: the discriminator looks first, then the generator draws from what is most like the images.

The source knows more than the images show. Trained as it is, a generator of all kinds of things would have to turn
each of them into what the target holds, which no short training does. So the discriminator alone learns for a moment;
the latents that it likes best become the centres of a mixture that the generator draws from, and training goes on
from there. Norms keep the statistics that they had: those of batches from a part of the latents would undo the choice.
"""

import math
import re

from keras_transfer_gen import checks
from keras_transfer_gen.networks.latents.latent_mixture import draws_from_mixture, insert_latent_mixture
from keras_transfer_gen.recipes.settings.defaults import FAR
from keras_transfer_gen.recipes.training.gan.source import frozen_by_author
from keras_transfer_gen.streams import ImageStream
from keras_transfer_gen.training.distribution import outside_scope
from keras_transfer_gen.training.gan import GAN
from keras_transfer_gen.training.latent_ranking import rank_latents
from keras_transfer_gen.transfer.freezing.freeze import freeze
from keras_transfer_gen.transfer.paths import leaves

FARTHEST = FAR  # KID x 1000 of the images to the source's own; beyond, all of the source is trained
LONGEST_SHARE = 0.2  # of a run's kimg
POOL, KEPT = 4000, 200
STATISTICS = r"generator/.*(moving|running)_(mean|var|variance)"


def is_due(gan, settings, distance):
    """Whether a fine-tune begins so: it is asked for, not done yet, and the images are near enough to the source."""
    return bool(settings.latent_selection_kimg) and distance < FARTHEST and not draws_from_mixture(gan.generator)


def is_done(gan):
    """Whether a GAN draws from chosen latents already (bool)."""
    return draws_from_mixture(gan.generator)


def mine(gan, settings, show):
    """Lets the discriminator learn alone and gives the generator its mixture.

    Args:
        gan: compiled `GAN`, the source.
        settings: `FineTuneSettings`; `latent_selection_kimg` is how long the discriminator learns alone.
        show: function `(gan, kimg) -> None` that trains until so many kimg are shown in all, with float32 weights and
            arithmetic afterwards.

    Returns:
        `GAN`, compiled, with the mixture in front of its generator and the settings' freezing rules; call it in the
        scope of the strategy to train under.
    """
    freeze(gan, {"generator/.*": False})
    show(gan, min(settings.latent_selection_kimg, LONGEST_SHARE * settings.kimg))
    return _with_mixture(gan, settings.seed, [*settings.rules(), *frozen_by_author(gan)])


def select_latents(gan, images, kimg=0.5, seed=0):
    """For images near to the source: lets a GAN draw from the part of its latents that is most like them.

    The discriminator alone learns for a moment; the latents whose images it then likes best become the centres of a
    `LatentMixture` in front of the generator. Fit the result as usual. It is what `ktg finetune` begins with.

    Args:
        gan: compiled `GAN` that was trained on other images.
        images: what `load_images` returns.
        kimg: thousands of images that the discriminator is shown.
        seed: of the latents to choose from.

    Returns:
        `GAN`, compiled alike with fresh optimizers, everything trainable but the statistics of the generator's norms;
        the one given has learnt too, and its generator is frozen.

    Raises:
        UserError: where the GAN isn't compiled or draws from a mixture already, or the images are of another kind.

    Example:
        >>> gan = select_latents(gan, load_images("photos/"))  # doctest: +SKIP
    """
    kimg = checks.check_number("kimg", kimg, above=True, next_step="Such as kimg=0.5.")
    if not gan.compiled:
        raise checks.UserError("the GAN is not compiled. Call gan.compile() before select_latents(gan, ...).")
    if not isinstance(images, ImageStream):
        raise checks.user_error("images", "what load_images returns", images, 'Such as load_images("photos/").')
    if draws_from_mixture(gan.generator):
        raise checks.user_error(
            "gan", "one that draws from all of its latents", gan.name, "It was done before: fit it."
        )
    freeze(gan, {"generator/.*": False})
    gan.fit(images, steps_per_epoch=math.ceil(kimg * 1000 / images.batch_size), verbose=0)
    return _with_mixture(gan, seed, [])


def _with_mixture(gan, seed, rules):
    """A compiled GAN that draws from a mixture around the best latents and has learnt what `gan` has."""
    chosen = outside_scope(rank_latents, gan, POOL, KEPT, seed)
    generator = insert_latent_mixture(gan.ema_generator, chosen, seed=seed)
    mined = GAN(generator, gan.discriminator, spec=gan.spec, name=gan.name)
    mined.step.assign(gan.step + 1)  # to choose is a step of its own, so that its checkpoint has a name of its own
    mined.images_seen.assign(gan.images_seen)
    mined.compile_from_config(gan.get_compile_config())
    freeze(mined, [*rules, *_still_statistics(mined), (".*", True)])
    return mined


def _still_statistics(gan):
    """Freezing rules that hold the norms' statistics of a generator still; none where it has none."""
    paths = [path for leaf in leaves(gan) for path in leaf.variable_paths()]
    return [(STATISTICS, False)] if any(re.fullmatch(STATISTICS, path) for path in paths) else []
