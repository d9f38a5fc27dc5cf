"""One training step of a `GAN` whose batch goes through the networks in micro-batches: one update as of the whole."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.layer_seeds import layers_draw_by
from keras_transfer_gen.running_statistics import keep_statistics
from keras_transfer_gen.steps import Step
from keras_transfer_gen.training import conditions, ema, gan_step, latents, loss_scaling, micro_batches
from keras_transfer_gen.training.lazy_losses import add_penalties, regularization

if TYPE_CHECKING:
    from keras_transfer_gen.training.gan import GAN


# Of a `Step`, what has a row for each image.
ROWS = (
    "latents", "labels", "real", "fake", "real_augmented", "fake_augmented", "real_logits", "fake_logits",
    "fake_labels", "drawn", "intermediates",
)  # fmt: skip


def train_step(gan: GAN, data: Any) -> dict[str, Any]:
    """`gan_step.train_step` in micro-batches of `gan.micro_batch` images; draws are those of the whole batch.

    The generator runs twice for each image, once for the discriminator's update and once for its own: its activations
    for the whole batch are what does not fit into memory.

    Args:
        gan: compiled `GAN`.
        data: as in `gan_step.train_step`; the number of images is known beforehand.

    Returns:
        as `gan_step.train_step`.

    Raises:
        UserError: where the batch can't be divided evenly.
    """
    images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    real = pixels.to_model_range(images)
    batch = _Batch(gan, real, conditions.of_labels(labels))
    parts = micro_batches.parts_of(real, gan.micro_batch)

    d_variables, d_sum = gan.discriminator.trainable_variables, micro_batches.Sum(len(parts))
    for part in parts:
        with d_sum.in_turn(), batch.layers_draw(part):
            d_sum.add(*_discriminator_part(gan, batch, part, d_variables))
    if d_variables:
        loss_scaling.apply_gradients(gan.d_optimizer, d_sum.gradients, d_variables)

    g_variables, g_sum = gan.generator.trainable_variables, micro_batches.Sum(len(parts))
    real_logits = d_sum.whole_rows()["real_logits"]
    for part in parts:
        with g_sum.in_turn(), batch.layers_draw(part):
            g_sum.add(*_generator_part(gan, batch, part, g_variables, d_sum.rows[part.start // gan.micro_batch]))
    if g_variables:
        loss_scaling.apply_gradients(gan.g_optimizer, g_sum.gradients, g_variables)

    decay = ema.ema_decay(batch.size * batch.replicas, batch.kimg, gan.ema_halflife_kimg, gan.ema_rampup)
    ema.update_average(gan.ema_generator.variables, gan.generator.variables, decay)
    step = dataclasses.replace(batch.step("g"), **g_sum.whole_rows())
    gan_step.update_parts(gan, step, {**d_sum.numbers["statistics"], **g_sum.numbers["statistics"]})
    gan.step.assign_add(1)
    gan.images_seen.assign_add(tf.cast(batch.size * batch.replicas, tf.int64))
    return {
        "d_loss": d_sum.numbers["loss"], "g_loss": g_sum.numbers["loss"], "penalty": d_sum.numbers["penalty"],
        "g_penalty": g_sum.numbers["penalty"], "real_logits": real_logits, "fake_logits": step.fake_logits,
        **gan_step.augment_measures(gan),
    }  # fmt: skip


class _Batch:
    """What is drawn and known for the whole batch of a step.

    Args:
        gan: `GAN`.
        real: float32 `[batch, H, W, C]` in [-1, 1].
        known: dict of what is known of the real images, such as their labels.
    """

    def __init__(self, gan: GAN, real: tf.Tensor, known: dict[str, tf.Tensor]) -> None:
        self.gan, self.real, self.known, self.size = gan, real, known, real.shape[0]
        self.replicas = tf.distribute.get_strategy().num_replicas_in_sync
        self.kimg = tf.cast(gan.images_seen.value, tf.float32) / 1000.0
        self.index = tf.cast(gan.step.value, tf.int64)
        self.drawn = latents.draw_inputs(self.size, gan.network_inputs, gan.seed, self.index)

    def augment(self, images: tf.Tensor, purpose: str) -> tf.Tensor:
        """Images as the discriminator is shown them, `[batch, H, W, C]`."""
        return latents.augmented(self.gan.augment, images, self.gan.seed, self.index, purpose)

    def layers_draw(self, part: micro_batches.Part) -> contextlib.AbstractContextManager[None]:
        """Within it, layers draw what belongs to the step and the micro-batch."""
        seed = latents.step_seed(self.gan.seed, self.index, "layers", replica=0)
        return layers_draw_by(tf.random.experimental.stateless_fold_in(seed, part.start) if part.start else seed)

    def generate(self, drawn: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, dict[str, Any]]:
        """(images, intermediates) of the generator in training."""
        return self.gan.generator_outputs(self.gan.network_inputs.for_generator(drawn), training=True)

    def step(self, phase: str, part: micro_batches.Part | None = None) -> Step:
        """The `Step` of a micro-batch, or of the whole batch, without what the networks compute."""
        gan = self.gan
        part = part or micro_batches.Part(0, self.size, self.size)
        drawn, known = part.of(self.drawn), part.of(self.known)
        return Step(
            gan=gan, phase=phase, index=self.index, kimg=self.kimg, latents=drawn["latents"],
            labels=known.get("labels"), real=part.of(self.real), fake=None, real_augmented=None, fake_augmented=None,
            real_logits=None, fake_logits=None,
            augment_real=part.as_in_batch(lambda images: self.augment(images, "augment_real")),
            fake_labels=drawn.get("labels"), drawn=drawn,
            real_inputs=lambda images: gan.network_inputs.for_discriminator(images, known),
            fake_inputs=lambda images: gan.network_inputs.for_discriminator(images, drawn),
            generate=self.generate, source=gan.source,
        )  # fmt: skip


def _discriminator_part(
    gan: GAN, batch: _Batch, part: micro_batches.Part, variables: list[keras.Variable]
) -> tuple[list[tf.Tensor | None], dict[str, Any], dict[str, Any]]:
    """(gradients, numbers, rows) of the discriminator's loss on one micro-batch."""
    step = batch.step("d", part)
    augment = part.as_in_batch(lambda images: batch.augment(images, "augment_fake"))
    with keep_statistics():  # the generator's own turn updates them
        fake, intermediates = batch.generate(step.drawn)
    with tf.GradientTape() as tape:
        fixed = tf.stop_gradient(fake)
        real_augmented, fake_augmented = step.augment_real(step.real), augment(fixed)
        real_logits = gan.discriminator(step.real_inputs(real_augmented), training=True)
        fake_logits = gan.discriminator(step.fake_inputs(fake_augmented), training=True)
        step = dataclasses.replace(
            step, fake=fixed, real_augmented=real_augmented, fake_augmented=fake_augmented, real_logits=real_logits,
            fake_logits=fake_logits, intermediates=intermediates,
        )  # fmt: skip
        loss = tf.reduce_mean(gan.objective.d_loss(real_logits, fake_logits))
        total = gan.d_optimizer.scale_loss((loss + regularization(gan.regularizers, step)) / batch.replicas)
    return _with_penalties(gan, step, tape, total, loss, variables, batch.replicas, gan.d_optimizer.scale_loss)


def _generator_part(
    gan: GAN, batch: _Batch, part: micro_batches.Part, variables: list[keras.Variable], seen: dict[str, Any]
) -> tuple[list[tf.Tensor | None], dict[str, Any], dict[str, Any]]:
    """The same of the generator's loss, through the new discriminator; `seen` are the rows of the latter's turn."""
    step = batch.step("g", part)
    augment = part.as_in_batch(lambda images: batch.augment(images, "augment_fake_for_generator"))
    settled = tf.nest.map_structure(tf.stop_gradient, seen["real_logits"])
    with tf.GradientTape() as tape:
        fake, intermediates = batch.generate(step.drawn)
        fake_augmented = augment(fake)
        fake_logits = gan.discriminator(step.fake_inputs(fake_augmented), training=True)
        step = dataclasses.replace(
            step, fake=fake, real_augmented=seen["real_augmented"], fake_augmented=fake_augmented,
            real_logits=settled, fake_logits=fake_logits, intermediates=intermediates,
        )  # fmt: skip
        loss = tf.reduce_mean(gan.objective.g_loss(settled, fake_logits))
        total = gan.g_optimizer.scale_loss((loss + regularization(gan.regularizers, step)) / batch.replicas)
    return _with_penalties(gan, step, tape, total, loss, variables, batch.replicas, gan.g_optimizer.scale_loss)


def _with_penalties(
    gan: GAN,
    step: Step,
    tape: tf.GradientTape,
    total: tf.Tensor,
    loss: tf.Tensor,
    variables: list[keras.Variable],
    replicas: int,
    scale: Callable[[tf.Tensor], tf.Tensor],
) -> tuple[list[tf.Tensor | None], dict[str, Any], dict[str, Any]]:
    gradients = tape.gradient(total, variables) if variables else []
    gradients, penalty, statistics = add_penalties(gan.penalties, step, variables, gradients, replicas, scale)
    numbers = {"loss": loss, "penalty": penalty, "statistics": statistics}
    rows = {name: getattr(step, name) for name in ROWS if getattr(step, name) is not None}
    return gradients, numbers, tf.nest.map_structure(tf.stop_gradient, rows)
