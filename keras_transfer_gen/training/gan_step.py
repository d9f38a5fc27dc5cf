"""One training step of a `GAN`, in the order in which it happens, and the losses without an update."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.layer_seeds import layers_draw_by
from keras_transfer_gen.steps import Step
from keras_transfer_gen.training import conditions, ema, latents, loss_scaling
from keras_transfer_gen.training.lazy_losses import add_penalties, regularization

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.aliases import Logits
    from keras_transfer_gen.training.gan import GAN


def train_step(gan: GAN, data: np.ndarray | tf.Tensor | tuple[np.ndarray | tf.Tensor | None, ...]) -> dict[str, Any]:
    """One update of both networks, the averaged generator and the regularisers.

    Args:
        gan: compiled `GAN`.
        data: uint8 images `[batch, H, W, C]`, or (images, labels), or (images, labels, weights).

    Returns:
        dict of float32 scalars by the names of `GAN.trackers`; logits as the discriminator gave them.
    """
    with layers_draw_by(latents.step_seed(gan.seed, tf.cast(gan.step.value, tf.int64), "layers", replica=0)):
        return _update_both(gan, data)


def _update_both(gan: GAN, data: Any) -> dict[str, Any]:
    images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    real = pixels.to_model_range(images)
    batch = tf.shape(real)[0]
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    kimg = tf.cast(gan.images_seen.value, tf.float32) / 1000.0
    index = tf.cast(gan.step.value, tf.int64)
    drawn = latents.draw_inputs(batch, gan.network_inputs, gan.seed, index)
    known = conditions.of_labels(labels)

    def augment(images: tf.Tensor, purpose: str) -> tf.Tensor:
        return latents.augmented(gan.augment, images, gan.seed, index, purpose)

    def augment_real(images: tf.Tensor) -> tf.Tensor:
        return augment(images, "augment_real")

    def real_inputs(images: tf.Tensor) -> Any:
        return gan.network_inputs.for_discriminator(images, known)

    def fake_inputs(images: tf.Tensor) -> Any:
        return gan.network_inputs.for_discriminator(images, drawn)

    def judge(inputs: Any) -> Logits:
        return gan.discriminator(inputs, training=True)

    def generate(inputs: dict[str, tf.Tensor]) -> tuple[tf.Tensor, dict[str, Any]]:
        return gan.generator_outputs(gan.network_inputs.for_generator(inputs), training=True)

    g_tape = tf.GradientTape()
    with g_tape:
        fake, intermediates = generate(drawn)
    with tf.GradientTape() as d_tape:
        fixed = tf.stop_gradient(fake)
        real_augmented, fake_augmented = augment_real(real), augment(fixed, "augment_fake")
        real_logits, fake_logits = judge(real_inputs(real_augmented)), judge(fake_inputs(fake_augmented))
        step = Step(
            gan=gan, phase="d", index=index, kimg=kimg, latents=drawn["latents"], labels=known.get("labels"), real=real,
            fake=fixed, real_augmented=real_augmented, fake_augmented=fake_augmented, real_logits=real_logits,
            fake_logits=fake_logits, augment_real=augment_real, fake_labels=drawn.get("labels"), drawn=drawn,
            intermediates=intermediates, real_inputs=real_inputs, fake_inputs=fake_inputs, generate=generate,
            source=gan.source,
        )  # fmt: skip
        d_loss = tf.reduce_mean(gan.objective.d_loss(real_logits, fake_logits))
        # An optimizer sums gradients over replicas, so each gives its share of the mean.
        d_total = gan.d_optimizer.scale_loss((d_loss + regularization(gan.regularizers, step)) / replicas)
    d_variables = gan.discriminator.trainable_variables
    d_gradients = d_tape.gradient(d_total, d_variables) if d_variables else []
    d_gradients, penalty, statistics = add_penalties(
        gan.penalties, step, d_variables, d_gradients, replicas, gan.d_optimizer.scale_loss
    )
    if d_variables:
        loss_scaling.apply_gradients(gan.d_optimizer, d_gradients, d_variables)

    with g_tape:
        fake_augmented = augment(fake, "augment_fake_for_generator")
        fake_logits = judge(fake_inputs(fake_augmented))
        settled = tf.nest.map_structure(tf.stop_gradient, real_logits)
        step = dataclasses.replace(
            step, phase="g", fake=fake, fake_augmented=fake_augmented, real_logits=settled, fake_logits=fake_logits
        )
        g_loss = tf.reduce_mean(gan.objective.g_loss(settled, fake_logits))
        g_total = gan.g_optimizer.scale_loss((g_loss + regularization(gan.regularizers, step)) / replicas)
    g_variables = gan.generator.trainable_variables
    g_gradients = g_tape.gradient(g_total, g_variables) if g_variables else []
    g_gradients, g_penalty, g_statistics = add_penalties(
        gan.penalties, step, g_variables, g_gradients, replicas, gan.g_optimizer.scale_loss
    )
    if g_variables:
        loss_scaling.apply_gradients(gan.g_optimizer, g_gradients, g_variables)

    decay = ema.ema_decay(batch * replicas, kimg, gan.ema_halflife_kimg, gan.ema_rampup)
    ema.update_average(gan.ema_generator.variables, gan.generator.variables, decay)
    update_parts(gan, step, {**statistics, **g_statistics})
    gan.step.assign_add(1)
    gan.images_seen.assign_add(tf.cast(batch * replicas, tf.int64))
    return {
        "d_loss": d_loss, "g_loss": g_loss, "penalty": penalty, "g_penalty": g_penalty,
        "real_logits": step.real_logits, "fake_logits": step.fake_logits, **augment_measures(gan),
    }  # fmt: skip


def augment_measures(gan: GAN) -> dict[str, tf.Tensor]:
    """What the augmentation measures, a dict of float32 scalars; empty without one."""
    return {} if gan.augment is None else gan.augment.measures()


def update_parts(gan: GAN, step: Step, statistics: dict[int, dict[str, tf.Tensor]]) -> None:
    """Lets regularisers, penalties and the augmentation update variables of their own."""
    for regularizer in gan.regularizers:
        regularizer.after_step(step)
    for position, penalty in enumerate(gan.penalties):
        if position in statistics:
            penalty.after_step(step, statistics[position], step.index % penalty.interval == 0)
    if gan.augment is not None:
        gan.augment.after_step(step)


def test_step(gan: GAN, data: tf.Tensor | tuple[np.ndarray | tf.Tensor | None, ...]) -> dict[str, float | tf.Tensor]:
    """The losses on one batch, without augmenting and without an update; arguments and result as in `train_step`."""
    images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    real = pixels.to_model_range(images)
    inputs, known = gan.network_inputs, conditions.of_labels(labels)
    drawn = latents.draw_inputs(tf.shape(real)[0], inputs, gan.seed, tf.cast(gan.step.value, tf.int64))
    fake = gan.ema_generator(inputs.for_generator(drawn))
    real_logits = gan.discriminator(inputs.for_discriminator(real, known))
    fake_logits = gan.discriminator(inputs.for_discriminator(fake, drawn))
    return {
        "d_loss": tf.reduce_mean(gan.objective.d_loss(real_logits, fake_logits)),
        "g_loss": tf.reduce_mean(gan.objective.g_loss(real_logits, fake_logits)),
        "penalty": 0.0, "g_penalty": 0.0, "real_logits": real_logits, "fake_logits": fake_logits,
        **augment_measures(gan),
    }  # fmt: skip
