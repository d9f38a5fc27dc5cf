"""The entries of DCGAN in `tables.ARCHITECTURES`; the networks are imported when they are built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keras_transfer_gen.architectures import Architecture, Option

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.specs import ModelSpec


CHANNELS = (
    Option("max_channels", 256, "channels of the smallest feature map, halved at each doubling of its side"),
    Option("min_channels", 32, "channels of a feature map at least"),
)


def _build(spec: ModelSpec, max_channels: int, min_channels: int, group_size: int) -> tuple[keras.Model, keras.Model]:
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan

    return build_dcgan(spec.image_size, spec.channels, spec.latent_dim, max_channels, min_channels, group_size)


def _build_refined(spec: ModelSpec, max_channels: int, min_channels: int) -> tuple[keras.Model, keras.Model]:
    from keras_transfer_gen.networks.dcgan.dcgan import build_refined_dcgan

    return build_refined_dcgan(spec.image_size, spec.channels, spec.latent_dim, max_channels, min_channels)


def _build_conditional(
    spec: ModelSpec,
    max_channels: int,
    min_channels: int,
    class_dim: int,
    group_size: int,
    attention: bool,
    refined: bool,
) -> tuple[keras.Model, keras.Model]:  # fmt: skip
    from keras_transfer_gen.networks.dcgan import conditional

    size, channels, classes = spec.image_size, spec.channels, spec.num_classes
    return (
        conditional.build_conditional_generator(
            size, channels, spec.latent_dim, classes, max_channels, min_channels, class_dim, attention, refined
        ),
        conditional.build_conditional_discriminator(
            size, channels, classes, max_channels, min_channels, group_size, attention, refined
        ),
    )


def _build_discriminator(spec: ModelSpec, trained: keras.Model | None) -> keras.Model:
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator
    from keras_transfer_gen.networks.dcgan.pretrained_discriminator import build_pretrained_discriminator

    if trained is not None:
        return build_pretrained_discriminator(trained, spec.image_size, spec.channels)
    return build_dcgan_discriminator(spec.image_size, spec.channels)


def _grow(networks: Sequence[keras.Model]) -> tuple[keras.Model, keras.Model]:
    from keras_transfer_gen.networks.dcgan.growing import grow_discriminator, grow_generator

    generator, discriminator = networks
    return grow_generator(generator), grow_discriminator(discriminator)


GROUP_SIZE = Option("group_size", 0, "images that are compared with each other; 0 compares none", least=0)
DCGAN = Architecture(
    build_networks=_build,
    options=(*CHANNELS, GROUP_SIZE),
    build_discriminator=_build_discriminator,
    grow_networks=_grow,
)
REFINED_DCGAN = Architecture(
    build_networks=_build_refined,
    options=CHANNELS,
    build_discriminator=_build_discriminator,
    grow_networks=_grow,
)
CONDITIONAL_DCGAN = Architecture(
    build_networks=_build_conditional,
    options=(
        *CHANNELS,
        Option("class_dim", 64, "length of the vector that stands for a class"),
        GROUP_SIZE,
        Option("attention", False, "whether the places of the 16 x 16 maps look at each other"),
        Option("refined", False, "whether maps of 8 x 8 to 32 x 32 pixels have one more convolution"),
    ),
    grow_networks=_grow,
    intermediates={"style": "style"},
)
