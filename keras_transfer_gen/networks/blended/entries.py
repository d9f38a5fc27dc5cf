"""The entry of blended codes in `tables.ARCHITECTURES`; the networks are imported when they are built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keras_transfer_gen import checks
from keras_transfer_gen.architectures import Architecture, clone_networks
from keras_transfer_gen.networks.dcgan.entries import DCGAN

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.specs import ModelSpec


def _build(spec: ModelSpec) -> tuple[keras.Model, keras.Model]:
    step = "It begins as a trained VQ-VAE: see saved_models/blend_codes.py. From nothing, train dcgan_conditional."
    raise checks.user_error("arch", "an architecture that can be trained from nothing", spec.arch, step)


def _rebuild(networks: Sequence[keras.Model]) -> tuple[keras.Model, keras.Model]:
    """A DCGAN from nothing in place of the generator, whose codes of known images would be no new start."""
    from keras_transfer_gen.networks.class_rows import takes_labels
    from keras_transfer_gen.networks.dcgan.conditional import build_conditional_generator
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_generator
    from keras_transfer_gen.networks.latents.insertion import latents_of

    generator, discriminator = networks
    latent_dim = latents_of(generator).shape[-1]
    side, channels = generator.output_shape[2:]
    (fresh,) = clone_networks([discriminator])
    if takes_labels(generator):
        classes = generator.get_layer("blend").num_classes
        return build_conditional_generator(side, channels, latent_dim, classes), fresh
    return build_dcgan_generator(side, channels, latent_dim), fresh


def _grow(networks: Sequence[keras.Model]) -> tuple[keras.Model, keras.Model]:
    from keras_transfer_gen.networks.conv_vae.conv_vae import DecoderBlock
    from keras_transfer_gen.networks.dcgan.growing import grow_discriminator, grow_generator

    generator, discriminator = networks
    return grow_generator(generator, DecoderBlock), grow_discriminator(discriminator)


BLENDED_CODES = Architecture(
    build_networks=_build,
    latent_dim=64,
    rebuild_networks=_rebuild,
    build_discriminator=DCGAN.build_discriminator,
    grow_networks=_grow,
)
