"""Exponential moving average of the generator, with a half-life in thousands of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    import keras


def ema_decay(batch: int | tf.Tensor, kimg: float | tf.Tensor, halflife_kimg: float, rampup: float | None) -> tf.Tensor:
    """Share of the old average that a step keeps.

    The half-life is `halflife_kimg`, or `rampup` times the images shown so far where that is less: so the weights from
    before a short run don't stay in its average.

    Args:
        batch: real images in a step, over all replicas.
        kimg: thousands of images shown before the step, float32 scalar or number.
        halflife_kimg: the longest half-life, in kimg; 0 turns averaging off.
        rampup: share of the images shown, or None for a constant half-life.

    Returns:
        float32 scalar in [0, 1).

    Reference:
        Karras et al., StyleGAN2-ADA, 2020 (arXiv:2006.06676), appendix.
    """
    halflife = tf.cast(halflife_kimg, tf.float32)
    if rampup is not None:
        halflife = tf.minimum(halflife, rampup * tf.cast(kimg, tf.float32))
    steps = tf.math.divide_no_nan(halflife * 1000.0, tf.cast(batch, tf.float32))
    return tf.where(steps > 0, tf.pow(0.5, tf.math.divide_no_nan(1.0, steps)), 0.0)


def update_average(averages: list[keras.Variable], values: list[keras.Variable], decay: float | tf.Tensor) -> None:
    """Moves each average towards its value: average <- decay * average + (1 - decay) * value.

    Weights and batch statistics are treated alike, so that the statistics belong to the averaged weights. What is not
    a float, such as a counter, is copied.

    Args:
        averages: list of `keras.Variable` of the averaged network.
        values: the trained network's variables in the same order.
        decay: float32 scalar.
    """
    for average, value in zip(averages, values, strict=True):
        now = value.value
        if tf.as_dtype(value.dtype).is_floating:
            now = now + tf.cast(decay, value.dtype) * (average.value - now)
        average.assign(now)
