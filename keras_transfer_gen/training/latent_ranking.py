"""Which latents of a generator the discriminator finds most like the real images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.compiled_calls import compiled_network
from keras_transfer_gen.network_inputs import LATENTS
from keras_transfer_gen.training.latents import numbered_inputs, step_seed

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Progress
    from keras_transfer_gen.training.gan import GAN


LOOKS = 4  # augmented views of an image, over which the discriminator's answer is averaged
SHORTLIST = 4  # times as many latents as are kept get all looks; the others one
BATCH = 50


def rank_latents(
    gan: GAN, pool: int = 4000, keep: int = 200, seed: int = 0, progress: Progress | None = None
) -> np.ndarray:
    """The latents whose images get the highest logits, best first; labels that the networks take are drawn.

    Once the discriminator has learnt to tell the target's images from the generator's, its logit estimates the log
    ratio of the two densities (where it has several heads, each does so in what it sees, and they are summed); so the
    latents kept are those whose images are most likely in the target. Where an augmentation changes the images, each
    is judged once, and the best `SHORTLIST * keep` of them by `LOOKS` views in all.

    Args:
        gan: `GAN` whose discriminator has learnt the target's images; its averaged generator makes the images.
        pool: number of latents to choose from.
        keep: how many to keep, at most `pool`.
        seed: of the latents and of the augmentation.
        progress: function `(done, total)`, called after each batch, or None.

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
    looks = 1 if gan.augment is None else LOOKS
    shortlist = min(SHORTLIST * keep, pool)
    total = pool + shortlist * (looks > 1)
    show = progress or (lambda done, total: None)
    first = _judge_all(gan, inputs, seed, range(1), lambda done: show(done, total))
    best = np.argsort(-first, kind="stable")[:shortlist]
    if looks > 1:
        listed = {name: values[best] for name, values in inputs.items()}
        more = _judge_all(gan, listed, seed, range(1, looks), lambda done: show(pool + done, total))
        best = best[np.argsort(-(first[best] + more), kind="stable")]
    return inputs[LATENTS][best[:keep]]


def _judge_all(
    gan: GAN, inputs: dict[str, np.ndarray], seed: int, looks: range, show: Callable[[int], None]
) -> np.ndarray:
    """Sums of logits `[n]` over some looks at the images of n latents and what was drawn with them."""
    count = len(inputs[LATENTS])
    logits = []
    for start in range(0, count, BATCH):
        drawn = {name: tf.constant(values[start : start + BATCH]) for name, values in inputs.items()}
        logits.append(_judge(gan, drawn, seed, start, looks))
        show(min(start + BATCH, count))
    return np.concatenate(logits)


def _judge(gan: GAN, drawn: dict[str, Any], seed: int, start: int, looks: range) -> np.ndarray:
    """The same of one batch; `start` is the place of its first latent."""
    images = compiled_network(gan.ema_generator)(gan.network_inputs.for_generator(drawn))
    judge = compiled_network(gan.discriminator)
    sums = np.zeros(len(images), np.float32)
    for look in looks:
        shown = images
        if gan.augment is not None:
            number = tf.constant(start * LOOKS + look, tf.int64)
            shown = gan.augment(images, seed=step_seed(seed, number, "augment_fake"))
        sums += _one_number(judge(gan.network_inputs.for_discriminator(shown, drawn)))
    return sums


def _one_number(logits: Any) -> Any:
    """float32 `[batch]`: the mean over all but the batch axis, summed over heads."""
    heads = [tf.cast(head, tf.float32) for head in tf.nest.flatten(logits)]
    return sum(tf.reduce_mean(tf.reshape(head, (len(head), -1)), axis=1).numpy() for head in heads)
