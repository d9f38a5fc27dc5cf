"""A GAN whose discriminator also judges what a trained network sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from keras_transfer_gen import checks
from keras_transfer_gen.deprecation import renamed_arguments
from keras_transfer_gen.networks.heads.feature_heads import (
    FEATURE_WEIGHT,
    WIDTH,
    build_feature_heads,
    can_have_feature_heads,
    feature_weight_of,
    has_feature_heads,
    heads_learn,
    with_feature_weight,
)
from keras_transfer_gen.protocols import without_lipschitz_bounded
from keras_transfer_gen.recipes.settings.defaults import FAR, FAR_FEATURE_WEIGHT, NEAR_FEATURE_WEIGHT
from keras_transfer_gen.recipes.training.gan.freezing import freeze_source
from keras_transfer_gen.training.gan import GAN

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.report.reporter import Reporter
    from keras_transfer_gen.recipes.settings.gan import FineTuneSettings


@renamed_arguments(influence="weight")
def add_feature_heads(gan: GAN, weight: float = FEATURE_WEIGHT, width: int = WIDTH) -> GAN:
    """Lets the discriminator of a GAN also judge what a network that was trained on photographs sees in an image.

    Small new heads read the maps of EfficientNet-Lite1 at four depths; it stays as it is and nothing of it is saved.
    A few images teach such heads far more than they teach pixels. `ktg finetune` adds them by itself. They learn in
    training alone: what the generator is, and what it costs to use, does not change.

    Args:
        gan: `GAN`, compiled or not.
        weight: what the heads' gradient to the generator is multiplied by; `ktg finetune` takes 0.05, and 0.25 for
            images far from the source. Where there are heads, it is all that changes; 0 takes them away.
        width: channels of the convolutions of new heads.

    Returns:
        `GAN` that shares the networks' layers with `gan`; compiled alike, with fresh optimizers, where that was.

    Raises:
        UserError: for what is no `GAN`, a discriminator that is not functional or of other than square images with 1
            or 3 channels, a negative `weight`, a `width` below 1.

    Example:
        >>> from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan
        >>> gan = add_feature_heads(GAN(*build_dcgan(32, max_channels=32)))
        >>> len(gan.discriminator.outputs)
        5
    """
    if not isinstance(gan, GAN):
        raise checks.user_error("gan", "a GAN", type(gan), 'Such as load_gan("noto_gan_64").')
    if weight == 0:
        return set_feature_heads(gan, 0.0)
    with gan.distribute_strategy.scope():
        if has_feature_heads(gan.discriminator):
            return _with_discriminator(gan, with_feature_weight(gan.discriminator, weight))
        return _with_discriminator(gan, build_feature_heads(gan.discriminator, weight, width))


def resolve_feature_weight(settings: FineTuneSettings, distance: float, blended: bool = False) -> float:
    """The weight of the feature heads that suits the images, unless the settings hold one.

    Args:
        settings: `FineTuneSettings`.
        distance: KID x 1000 of the images to the source's own.
        blended: whether the generator blends known images.

    Returns:
        float; 0 for no feature heads.
    """
    if settings.feature_weight is not None:
        return settings.feature_weight
    return NEAR_FEATURE_WEIGHT if distance < FAR and not blended else FAR_FEATURE_WEIGHT


def set_feature_heads(gan: GAN, weight: float | None) -> GAN:
    """A GAN whose feature heads have a weight; without heads for 0 or None; itself where nothing is to be done.

    They are not added to a discriminator that can't have them, nor to one that is held still as a whole: they would
    judge by chance and never learn.
    """
    with gan.distribute_strategy.scope():
        if not weight:
            return _with_discriminator(gan, without_lipschitz_bounded(gan.discriminator))
        new = not has_feature_heads(gan.discriminator)
        if new and not (can_have_feature_heads(gan.discriminator) and gan.discriminator.trainable_variables):
            return gan
        return add_feature_heads(gan, weight)


def add_heads_and_freeze(gan: GAN, settings: FineTuneSettings, reporter: Reporter) -> GAN:
    """A source with the feature heads and the freezing rules of the settings; the rules hold for the heads as well.

    New heads that the rules freeze would judge by chance and never learn, so they are left out. Their weight is
    resolved later, when the distance of the images is known.

    Args:
        gan: `GAN`, a source; call it in the scope of the strategy to train under.
        settings: `FineTuneSettings`.
        reporter: see `freezing.freeze_source`.

    Returns:
        `GAN`.

    Raises:
        UserError: as `freezing.freeze_source`.
    """
    keras.utils.set_random_seed(settings.seed)  # of new heads
    weight = NEAR_FEATURE_WEIGHT if settings.feature_weight is None else settings.feature_weight
    extended = set_feature_heads(gan, weight)
    freeze_source(extended, settings, reporter)
    new = has_feature_heads(extended.discriminator) and not has_feature_heads(gan.discriminator)
    return set_feature_heads(extended, 0.0) if new and not heads_learn(extended.discriminator) else extended


def report_feature_weight(gan: GAN, settings: FineTuneSettings, reporter: Reporter) -> float:
    """The weight that a run's feature heads have; tells where it is not the one of the settings."""
    actual, wanted = feature_weight_of(gan.discriminator), settings.feature_weight
    if wanted is not None and actual != wanted:
        reason = "this discriminator can't have them, the rules freeze them, or the run began with that weight"
        reporter.say(f"the feature heads have the weight {actual:g}, not {wanted:g}: {reason}")
    return actual


def _with_discriminator(gan: GAN, discriminator: keras.Model) -> GAN:
    """The same GAN with another discriminator; compiled alike where it was."""
    if discriminator is gan.discriminator:
        return gan
    changed = GAN(gan.generator, discriminator, spec=gan.spec, name=gan.name)
    changed.ema_generator.set_weights(gan.ema_generator.get_weights())
    changed.step.assign(gan.step)
    changed.images_seen.assign(gan.images_seen)
    if gan.compiled:
        changed.compile_like(gan)
    return changed
