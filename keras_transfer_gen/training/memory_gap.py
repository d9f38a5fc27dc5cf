"""How well a discriminator knows its training images by heart: its logits of them beside those of the holdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.compiled_calls import compiled_network

if TYPE_CHECKING:
    from keras_transfer_gen.training.gan import GAN


BATCH = 32


def memory_gap(gan: GAN, training: np.ndarray, holdout: np.ndarray, generated: np.ndarray) -> float | None:
    """Where the holdout stands between generated images and training images, by the discriminator's mean logits.

    Args:
        gan: `GAN` whose discriminator takes images alone.
        training: uint8 `[N, S, S, C]`, images that it learns from.
        holdout: uint8 `[M, S, S, C]`, real images of the same kind that it does not learn from.
        generated: uint8 `[K, S, S, C]`, images of its generator.

    Returns:
        float: 0 where it takes holdout images for as real as training images, 1 where it takes them for generated ones
        and so knows the training images by heart. None where it does not tell training images from generated ones, so
        that there is nothing to compare.

    Example:
        >>> memory_gap(gan, photos, others, gan.generate(64))  # doctest: +SKIP
        0.12

    Reference:
        Karras et al., 2020 (arXiv:2006.06676), the heuristic r_v.
    """
    real, other, fake = (mean_logit(gan, images) for images in (training, holdout, generated))
    whole = real - fake
    return None if whole <= 1e-6 else float((real - other) / whole)


def mean_logit(gan: GAN, images: np.ndarray) -> float:
    """The mean logit that a discriminator gives to images, averaged over its heads (float).

    Args:
        gan: `GAN` whose discriminator takes images alone.
        images: uint8 `[N, S, S, C]`.
    """
    judge, sums = compiled_network(gan.discriminator), []
    for first in range(0, len(images), BATCH):
        batch = pixels.to_model_range(tf.constant(np.asarray(images[first : first + BATCH])))
        logits = judge(gan.network_inputs.for_discriminator(batch, {}))
        heads = [tf.reduce_mean(tf.cast(head, tf.float32)) for head in tf.nest.flatten(logits)]
        sums.append(len(batch) * float(tf.add_n(heads)) / len(heads))
    return sum(sums) / len(images)
