"""The last part of a VQ-VAE's training: its decoder learns to draw, by a discriminator that judges the prior's draws.

Grids that a prior draws are never quite those of real images, and what a decoder makes of them is mottled. A
discriminator that sees such images beside reconstructions teaches it to make the best of them. It judges patches, and
what a network that was trained on photographs sees in the whole image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from keras_transfer_gen.networks.heads.feature_heads import build_feature_heads
from keras_transfer_gen.networks.tokens.patch_discriminator import build_patch_discriminator
from keras_transfer_gen.recipes.settings import defaults
from keras_transfer_gen.training.loss_scaling import scaled_for
from keras_transfer_gen.training.token_codec import draw_grids

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.settings.vq import VqSettings
    from keras_transfer_gen.training.vqvae import VQVAE

AUGMENT = "diffaugment:policy=translation"  # of what the discriminator sees; it must know colours


def begin(vq: VQVAE, settings: VqSettings, count: int = defaults.VQ_DRAWN) -> VQVAE:
    """Draws grids from the prior, and compiles a model with a discriminator that judges their images too.

    It is the source's where that has one: what it knows of images is worth more than what a few can teach.

    Args:
        vq: compiled `VQVAE` with a prior, changed in place.
        settings: of the run.
        count: how many grids.

    Returns:
        `vq`.
    """
    tokens = draw_grids(vq, count, settings.seed)
    with vq.distribute_strategy.scope():
        if vq.discriminator is None:
            keras.utils.set_random_seed(settings.seed)
            vq.set_discriminator(build_judge(*vq.decoder.output_shape[2:]))
        vq.set_drawn_tokens(tokens)
        optimizers = [keras.optimizers.Adam(defaults.VQ_DRAWN_RATE, beta_1=0.0, beta_2=0.99) for _ in range(2)]
        optimizer, d_optimizer = (scaled_for(adam, settings.precision) for adam in optimizers)
        vq.compile(
            optimizer, augment=settings.augment, seed=settings.seed, d_optimizer=d_optimizer, d_augment=AUGMENT,
            drawn_weight=defaults.VQ_DRAWN_WEIGHT,
        )  # fmt: skip
    return vq


def build_judge(image_size: int, channels: int) -> keras.Model:
    """A patch discriminator with feature heads beside it, for square images; see both."""
    return build_feature_heads(build_patch_discriminator(image_size, channels))
