"""The entries of DCGAN in `tables.ARCHITECTURES`; the networks are imported when they are built."""

from keras_transfer_gen.architectures import Architecture, Option

CHANNELS = (
    Option("max_channels", 256, "channels of the smallest feature map, halved at each doubling of its side"),
    Option("min_channels", 32, "channels of a feature map at least"),
)


def _build(spec, max_channels, min_channels, group_size):
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan

    return build_dcgan(spec.image_size, spec.channels, spec.latent_dim, max_channels, min_channels, group_size)


def _build_refined(spec, max_channels, min_channels):
    from keras_transfer_gen.networks.dcgan.dcgan import build_refined_dcgan

    return build_refined_dcgan(spec.image_size, spec.channels, spec.latent_dim, max_channels, min_channels)


def _build_discriminator(spec, trained):
    from keras_transfer_gen.networks.dcgan.dcgan import build_dcgan_discriminator
    from keras_transfer_gen.networks.dcgan.pretrained_discriminator import build_pretrained_discriminator

    if trained is not None:
        return build_pretrained_discriminator(trained, spec.image_size, spec.channels)
    return build_dcgan_discriminator(spec.image_size, spec.channels)


DCGAN = Architecture(
    build_networks=_build,
    options=(*CHANNELS, Option("group_size", 0, "images that are compared with each other; 0 compares none", least=0)),
    build_discriminator=_build_discriminator,
)
REFINED_DCGAN = Architecture(
    build_networks=_build_refined,
    options=CHANNELS,
    build_discriminator=_build_discriminator,
)
