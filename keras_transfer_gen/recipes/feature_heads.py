"""A GAN whose discriminator also judges what a trained network sees."""

import dataclasses

from keras_transfer_gen.networks.feature_heads import (
    INFLUENCE,
    WIDTH,
    build_feature_heads,
    can_have_feature_heads,
    has_feature_heads,
    with_influence,
)
from keras_transfer_gen.protocols import without_self_bounded
from keras_transfer_gen.recipes.distance import FAR
from keras_transfer_gen.training.gan import GAN

NEAR_INFLUENCE, FAR_INFLUENCE = INFLUENCE, 0.25  # below and from `FAR` on


def add_feature_heads(gan, influence=INFLUENCE, width=WIDTH):
    """Lets the discriminator of a GAN also judge what a network that was trained on photographs sees in a picture.

    Small new heads read the maps of EfficientNet-Lite1 at four depths; it stays as it is and nothing of it is saved.
    A few pictures teach such heads far more than they teach pixels. `ktg finetune` adds them by itself. They learn in
    training alone: what the generator is, and what it costs to use, does not change.

    Args:
        gan: `GAN`, compiled or not, whose discriminator has no such heads.
        influence: what the heads' gradient to the generator is multiplied by, above 0; `ktg finetune` takes 0.05, and
            0.25 for pictures far from the source.
        width: channels of the heads' convolutions.

    Returns:
        `GAN` that shares the networks' layers with `gan`; compiled alike, with fresh optimizers, where that was.

    Raises:
        UserError: for a discriminator that is not functional, of other than square pictures with 1 or 3 channels, or
            that has feature heads already.

    Example:
        >>> from keras_transfer_gen.networks.dcgan import build_dcgan
        >>> gan = add_feature_heads(GAN(*build_dcgan(32, width=32)))
        >>> len(gan.discriminator.outputs)
        5
    """
    return _with_discriminator(gan, build_feature_heads(gan.discriminator, influence, width))


def settle_influence(settings, distance):
    """The settings with the influence that suits the pictures, unless it is given.

    Args:
        settings: `FineTuneSettings`.
        distance: KID x 1000 of the pictures to the source's own.

    Returns:
        `FineTuneSettings`.
    """
    if settings.feature_influence is not None:
        return settings
    return dataclasses.replace(settings, feature_influence=NEAR_INFLUENCE if distance < FAR else FAR_INFLUENCE)


def settle_feature_heads(gan, influence):
    """A GAN whose feature heads have an influence; without heads for 0 or None; itself where nothing is to be done.

    They are not added to a discriminator that can't have them, nor to one that is held still as a whole: they would
    judge by chance and never learn.
    """
    discriminator = gan.discriminator
    if not influence:
        changed = without_self_bounded(discriminator)
    elif has_feature_heads(discriminator):
        changed = with_influence(discriminator, influence)
    elif can_have_feature_heads(discriminator) and discriminator.trainable_variables:
        changed = build_feature_heads(discriminator, influence)
    else:
        return gan
    return gan if changed is discriminator else _with_discriminator(gan, changed)


def _with_discriminator(gan, discriminator):
    """The same GAN with another discriminator; compiled alike where it was."""
    with gan.distribute_strategy.scope():
        changed = GAN(gan.generator, discriminator, spec=gan.spec, name=gan.name)
        changed.ema_generator.set_weights(gan.ema_generator.get_weights())
        changed.step.assign(gan.step)
        changed.images_seen.assign(gan.images_seen)
        if gan.compiled:
            changed.compile_from_config(gan.get_compile_config())
    return changed
