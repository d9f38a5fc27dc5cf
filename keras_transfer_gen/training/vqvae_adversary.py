"""The discriminator of a `VQVAE`: how it is set and compiled, when it acts, and its part of a training step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import checks, protocols, tables
from keras_transfer_gen.replicas import count_replicas, replica_mean
from keras_transfer_gen.steps import Step
from keras_transfer_gen.training import compile_checks, compiled_parts, latents, loss_scaling
from keras_transfer_gen.training.lazy_losses import add_penalties
from keras_transfer_gen.training.vqvae_checks import check_discriminator

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Config


MEASURES = ("adversarial_loss", "adaptive_weight", "d_loss", "penalty")
MOST_WEIGHT = 1e4  # of `adaptive_weight`
LEAST_NORM = 1e-6  # added to the norm that is divided by
_OBJECTS = ("d_optimizer", "objective", "d_augment")
_NUMBERS = ("adversarial_weight", "drawn_weight", "adversarial_start_kimg")


def set_discriminator(vq: Any, discriminator: keras.Model | None) -> None:
    """Sets or removes a model's discriminator, and what the one before was trained with.

    Args:
        vq: `VQVAE`.
        discriminator: Keras model of its images, or None.

    Raises:
        UserError: where it does not take the model's images.
    """
    if discriminator is not None:
        check_discriminator(discriminator, vq.decoder)
    for old in (vq.discriminator, *vq.penalties, vq.d_augment):
        if old is not None:
            vq._tracker.untrack(old)  # private, but else Keras keeps its weights for ever
    vq.discriminator, vq.d_optimizer, vq.objective, vq.penalties, vq.d_augment = discriminator, None, None, [], None
    vq.adversary_acts = False


def compile_adversary(
    vq: Any,
    optimizer: keras.optimizers.Optimizer,
    d_optimizer: Any,
    objective: Any,
    penalty: Any,
    d_augment: Any,
    adversarial_weight: float,
    drawn_weight: float,
    adversarial_start_kimg: float,
    auto_scale_loss: bool,
) -> None:
    """Checks and sets what the discriminator is trained with; call it in the scope of the model's strategy.

    Args:
        vq: `VQVAE`; without a discriminator only the numbers are set.
        optimizer: that of the autoencoder, which must be another one.
        d_optimizer: see `VQVAE.compile`, as the others.
        objective: see there.
        penalty: see there.
        d_augment: see there.
        adversarial_weight: see there.
        drawn_weight: see there.
        adversarial_start_kimg: see there.
        auto_scale_loss: see there.

    Raises:
        UserError: for a value that can't be used, or an optimizer without a discriminator.
    """
    vq.adversarial_weight = checks.check_number("adversarial_weight", adversarial_weight)
    vq.drawn_weight = checks.check_number("drawn_weight", drawn_weight)
    vq.adversarial_start_kimg = checks.check_number("adversarial_start_kimg", adversarial_start_kimg)
    if vq.discriminator is None:
        if d_optimizer is not None:
            step = "Give the VQVAE one first: vq.set_discriminator(build_patch_discriminator(...))."
            raise checks.user_error("d_optimizer", "left out where there is no discriminator", d_optimizer, step)
        return
    last_kernel(vq.decoder)
    objective = tables.resolve("objective", objective, tables.OBJECTIVES, protocols.Objective)
    if objective is None:
        raise checks.user_error("objective", "a loss, not None", objective)
    d_augment = tables.resolve("d_augment", d_augment, tables.AUGMENTS, protocols.Augment)
    penalties = [_checked_penalty(part) for part in compiled_parts.penalty_list(penalty)]
    d_optimizer = compile_checks.optimizer_or_adam("d_optimizer", d_optimizer)
    compile_checks.check_scope(vq, d_optimizer=d_optimizer)
    if d_optimizer is optimizer:
        raise checks.user_error("d_optimizer", "another object than optimizer", "the same", "Make two.")
    if auto_scale_loss:
        d_optimizer = loss_scaling.with_loss_scale(d_optimizer, [vq.discriminator])
    set_discriminator(vq, vq.discriminator)
    vq.objective, vq.penalties, vq.d_optimizer, vq.d_augment = objective, penalties, d_optimizer, d_augment
    for part in penalties:
        part.attach(vq)
    d_optimizer.build(compile_checks.slots_for(vq.discriminator))


def _checked_penalty(penalty: protocols.Penalty) -> protocols.Penalty:
    if tuple(penalty.phases) != ("d",) or penalty.needs_source:
        expected = "a penalty of the discriminator alone"
        raise checks.user_error("penalty", expected, type(penalty).__name__, 'Such as "r1" or "r1_r2".')
    return penalty


def adversary_config(vq: Any) -> Config:
    """What `compile` was given for the discriminator, ready for a file; empty where it was given nothing."""
    if vq.d_optimizer is None:
        return {}
    penalties = [keras.saving.serialize_keras_object(penalty) for penalty in vq.penalties]
    numbers = {name: getattr(vq, name) for name in _NUMBERS}
    return {**compiled_parts.serialize_parts(vq, _OBJECTS), "penalty": penalties, **numbers}


def adversary_arguments(config: Config) -> dict[str, Any]:
    """Arguments of `compile` from `adversary_config`; files of models without a discriminator have none."""
    if "d_optimizer" not in config:
        return {}
    penalties = [keras.saving.deserialize_keras_object(part) for part in config["penalty"]]
    numbers = {name: config[name] for name in _NUMBERS}
    config = {"d_augment": None, "drawn_weight": 1.0, **config}  # files of earlier versions have neither
    return {**compiled_parts.revive_parts(config, _OBJECTS), "penalty": penalties, **numbers}


def is_due(vq: Any) -> bool:
    """Whether a model has a discriminator and has seen enough images for it to act."""
    return vq.discriminator is not None and vq.kimg >= vq.adversarial_start_kimg


def until_due(vq: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """A traced training function that has the step traced again, now with the discriminator, once it is due.

    So a step costs nothing of the discriminator before.

    Args:
        vq: `VQVAE`.
        function: of an iterator, as Keras makes it.
    """

    def step(iterator: Any) -> Any:
        if not is_due(vq):
            return function(iterator)
        vq.make_train_function()
        return vq.train_function(iterator)

    return step


def last_kernel(decoder: keras.Model) -> keras.Variable:
    """The kernel of the last layer of a decoder that has one.

    Raises:
        UserError: where no layer has any.
    """
    kernels = [weight for weight in decoder.weights if len(weight.shape) > 1]
    if not kernels:
        raise checks.user_error("decoder", "a model with a convolution or dense layer", decoder.name)
    return kernels[-1]


def adaptive_weight(reconstruction_gradient: tf.Tensor, adversarial_gradient: tf.Tensor) -> tf.Tensor:
    """What the adversarial loss is multiplied by to move the decoder's last kernel as much as the reconstruction does.

    Args:
        reconstruction_gradient: float32 tensor, the gradient of the reconstruction's loss at that kernel.
        adversarial_gradient: the same of the adversarial loss.

    Returns:
        float32 scalar, the ratio of their lengths, from 0 to 10,000.

    Example:
        >>> round(float(adaptive_weight(tf.constant([3.0, 4.0]), tf.constant([0.0, 2.0]))), 4)
        2.5

    Reference:
        Esser et al., Taming Transformers, 2021 (arXiv:2012.09841), equation 7.
    """
    ratio = tf.norm(reconstruction_gradient) / (tf.norm(adversarial_gradient) + LEAST_NORM)
    return tf.stop_gradient(tf.clip_by_value(ratio, 0.0, MOST_WEIGHT))


def adversarial_step(
    vq: Any, tape: tf.GradientTape, real: tf.Tensor, images: tf.Tensor, parts: dict[str, tf.Tensor]
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Updates the discriminator, and says where its judgement moves the decoder's images.

    It judges real images and the decoder's once; the gradients of both networks follow from that.

    Args:
        vq: compiled `VQVAE`.
        tape: persistent, of `images`; it watches `last_kernel(vq.decoder)`.
        real: float32 `[batch, H, W, C]` in [-1, 1].
        images: the same, of the decoder: reconstructions, and perhaps images of drawn grids.
        parts: dict with the loss "reconstruction_loss", on the tape.

    Returns:
        (float32 `[batch, H, W, C]`, the gradient of both losses at the decoder's images; dict of `MEASURES`).
    """
    replicas = count_replicas()
    fixed = tf.stop_gradient(images)
    index = tf.cast(vq.step.value, tf.int64)

    def augment(images: tf.Tensor, purpose: str) -> tf.Tensor:
        return latents.augmented(vq.d_augment, images, vq.seed, index, purpose)

    def augment_real(images: tf.Tensor) -> tf.Tensor:
        return augment(images, "augment_fake_for_generator")  # "augment_real" changed what is encoded

    with tf.GradientTape(persistent=True) as images_tape:
        images_tape.watch(fixed)
        shown = augment_real(real), augment(fixed, "augment_fake")
        real_logits, fake_logits = (vq.discriminator(images, training=True) for images in shown)
        settled = tf.nest.map_structure(tf.stop_gradient, real_logits)
        adversarial = tf.reduce_mean(vq.objective.g_loss(settled, fake_logits))
        scaled = vq.optimizer.scale_loss(adversarial)
        d_loss = tf.reduce_mean(vq.objective.d_loss(real_logits, fake_logits))
        d_total = vq.d_optimizer.scale_loss(d_loss / replicas)
    error_at_images = tape.gradient(parts["reconstruction_loss"], images)
    judged_at_images = images_tape.gradient(scaled, fixed) / vq.optimizer.scale_loss(1.0)
    kernel = last_kernel(vq.decoder).value
    at_kernel = [
        tape.gradient(images, kernel, output_gradients=gradient) for gradient in (error_at_images, judged_at_images)
    ]
    weight = adaptive_weight(*replica_mean(at_kernel))
    step = Step(
        gan=vq, phase="d", index=index, kimg=tf.cast(vq.images_seen.value, tf.float32) / 1000.0, latents=None,
        labels=None, real=real, fake=fixed, real_augmented=shown[0], fake_augmented=shown[1], real_logits=real_logits,
        fake_logits=fake_logits, augment_real=augment_real,
    )  # fmt: skip
    penalty = _update_discriminator(vq, images_tape, d_total, step)
    measures = {"adversarial_loss": adversarial, "adaptive_weight": weight, "d_loss": d_loss, "penalty": penalty}
    return error_at_images + weight * _shares(vq, images) * judged_at_images, measures


def _shares(vq: Any, images: tf.Tensor) -> tf.Tensor:
    """How strongly the judgement of each image counts: float32 `[batch, 1, 1, 1]`; draws are the second half."""
    batch = tf.shape(images)[0]
    drawn = 0 if vq.drawn_tokens is None else batch // 2
    weights = tf.concat([tf.fill((batch - drawn,), vq.adversarial_weight), tf.fill((drawn,), vq.drawn_weight)], 0)
    return tf.reshape(weights, (-1, 1, 1, 1))


def _update_discriminator(vq: Any, tape: tf.GradientTape, loss: tf.Tensor, step: Step) -> tf.Tensor:
    """Moves the discriminator's weights; returns the penalties' sum, a float32 scalar."""
    variables = vq.discriminator.trainable_variables
    if not variables:
        return tf.constant(0.0)
    gradients, penalty, statistics = add_penalties(
        vq.penalties, step, variables, tape.gradient(loss, variables), count_replicas(), vq.d_optimizer.scale_loss
    )
    loss_scaling.apply_gradients(vq.d_optimizer, gradients, variables)
    for position, part in enumerate(vq.penalties):
        part.after_step(step, statistics[position], step.index % part.interval == 0)
    if vq.d_augment is not None:
        vq.d_augment.after_step(step)
    return penalty
