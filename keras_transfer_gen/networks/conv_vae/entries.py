"""The entries of the convolutional VAE in `tables.ARCHITECTURES`; the networks are imported when they are built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras_transfer_gen.architectures import Architecture, Option

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.specs import ModelSpec


CHANNELS = (
    Option("max_channels", 256, "channels of the smallest feature map, halved at each doubling of its side"),
    Option("min_channels", 32, "channels of a feature map at least"),
)
LATENT_DIM = 64


def _build(spec: ModelSpec, max_channels: int, min_channels: int) -> tuple[keras.Model, keras.Model]:
    from keras_transfer_gen.networks.conv_vae.conv_vae import build_conv_vae

    return build_conv_vae(spec.image_size, spec.channels, spec.latent_dim, max_channels, min_channels)


def _build_plain(spec: ModelSpec, max_channels: int, min_channels: int) -> tuple[keras.Model, keras.Model]:
    from keras_transfer_gen.networks.conv_vae.conv_vae import build_plain_conv_vae

    return build_plain_conv_vae(spec.image_size, spec.channels, spec.latent_dim, max_channels, min_channels)


CONV_VAE = Architecture(
    build_networks=_build,
    family="vae",
    options=CHANNELS,
    latent_dim=LATENT_DIM,
)
PLAIN_CONV_VAE = Architecture(
    build_networks=_build_plain,
    family="vae",
    options=CHANNELS,
    latent_dim=LATENT_DIM,
)
