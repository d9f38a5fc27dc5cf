"""Which latents of a generator the discriminator finds most like the real images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.network_inputs import LATENTS
from keras_transfer_gen.training.latents import numbered_inputs, step_seed

if TYPE_CHECKING:
    from keras_transfer_gen.training.gan import GAN


LOOKS = 4  # augmented views of an image, over which the discriminator's answer is averaged
BATCH = 200


def rank_latents(gan: GAN, pool: int = 4000, keep: int = 200, seed: int = 0) -> np.ndarray:
    """The latents whose images get the highest logits, best first; labels that the networks take are drawn.

    Once the discriminator has learnt to tell the target's images from the generator's, its logit estimates the log
    ratio of the two densities (where it has several heads, each does so in what it sees, and they are summed); so the
    latents kept are those whose images are most likely in the target.

    Args:
        gan: `GAN` whose discriminator has learnt the target's images; its averaged generator makes the images.
        pool: number of latents to choose from.
        keep: how many to keep, at most `pool`.
        seed: of the latents and of the augmentation.

    Returns:
        float32 ndarray `[keep, latent_dim]`.

    Raises:
        UserError: where `keep` is larger than `pool` or below 1.

    Example:
        >>> centres = rank_latents(gan, pool=1000, keep=50)  # doctest: +SKIP

    Reference:
        Wang et al., MineGAN, 2020 (arXiv:1912.05270), for the aim; Azadi et al., Discriminator Rejection Sampling,
        2019 (arXiv:1810.06758), for the density ratio.
    """
    keep = checks.check_integer("keep", keep)
    pool = checks.check_integer("pool", pool, least=keep)
    inputs = numbered_inputs(range(pool), gan.network_inputs, seed)
    logits = []
    for first in range(0, pool, BATCH):
        part = {name: tf.constant(values[first : first + BATCH]) for name, values in inputs.items()}
        logits.append(_judge(gan, part, seed, first))
    return inputs[LATENTS][np.argsort(-np.concatenate(logits), kind="stable")[:keep]]


def _judge(gan: GAN, drawn: dict[str, Any], seed: int | tf.Tensor, first: int) -> np.ndarray:
    """Mean logits `[n]` of the images of n latents and what was drawn with them."""
    images = gan.ema_generator(gan.network_inputs.for_generator(drawn), training=False)
    looks = [images]
    if gan.augment is not None:
        seeds = [step_seed(seed, tf.constant(first * LOOKS + look, tf.int64), "augment_fake") for look in range(LOOKS)]
        looks = [gan.augment(images, seed=look_seed) for look_seed in seeds]
    inputs = [gan.network_inputs.for_discriminator(look, drawn) for look in looks]
    return np.mean([_one_number(gan.discriminator(look, training=False)) for look in inputs], axis=0)


def _one_number(logits: Any) -> Any:
    """float32 `[batch]`: the mean over all but the batch axis, summed over heads."""
    heads = [tf.cast(head, tf.float32) for head in tf.nest.flatten(logits)]
    return sum(tf.reduce_mean(tf.reshape(head, (len(head), -1)), axis=1).numpy() for head in heads)
