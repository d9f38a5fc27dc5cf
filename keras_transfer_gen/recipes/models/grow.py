"""A trained GAN for larger images: it begins with the images that it knows, enlarged, and learns details."""

from __future__ import annotations

import dataclasses

import keras

from keras_transfer_gen import checks, tables
from keras_transfer_gen.networks.framing import with_framing, without_framing
from keras_transfer_gen.protocols import without_lipschitz_bounded
from keras_transfer_gen.training.gan import GAN


def grow_gan(gan: GAN, image_size: int) -> GAN:
    """A GAN of larger images that begins with those of a trained one, enlarged.

    Each doubling adds a block to both networks. Feature heads are left out; a fine-tune adds new ones.

    Args:
        gan: `GAN` of an architecture that can grow, such as `dcgan`.
        image_size: side of the images, in pixels: that of `gan` times 2, 4, ...

    Returns:
        `GAN`, not compiled, with the averaged generator of `gan` on both sides and 0 kimg.

    Raises:
        UserError: where the architecture can't grow, or not to that size.

    Example:
        >>> grown = grow_gan(load_gan("noto_gan_64"), 128)  # doctest: +SKIP
    """
    checks.check_integer("image_size", image_size, next_step="Such as image_size=128 (--image-size 128).")
    sizes = [gan.spec.image_size * 2**doublings for doublings in range(1, 5)]
    hint = f"The source generates {gan.spec.image_size} pixels. Set it with image_size= (--image-size)."
    checks.check_choice("image_size", image_size, sizes, hint)
    architecture, spec = tables.architecture_of(gan.spec), gan.spec
    if architecture is None:
        step = "A third-party generator can't grow: leave image_size= (--image-size) out."
        raise checks.user_error(
            "source", "a model of an architecture of this package", gan.spec.arch or "unknown", step
        )
    plain, zoom = without_framing(gan.ema_generator)
    networks: tuple[keras.Model, ...] = (plain, without_lipschitz_bounded(gan.discriminator))
    while spec.image_size < image_size:
        networks = architecture.grow(spec, networks)
        spec = dataclasses.replace(spec, image_size=2 * spec.image_size)
    generator, discriminator = networks
    return GAN(with_framing(generator, zoom), discriminator, spec=spec, name=gan.name)
