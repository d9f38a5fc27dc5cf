"""One training step of a `VAE`, in the order in which it happens, and the losses without an update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import pixels, variational
from keras_transfer_gen.network_inputs import wrap_input
from keras_transfer_gen.replicas import replica_mean
from keras_transfer_gen.steps import VAEStep
from keras_transfer_gen.training import conditions, latents, loss_scaling
from keras_transfer_gen.training.lazy_losses import regularization

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer_gen.training.vae import VAE


def train_step(
    vae: VAE, data: tf.Tensor | tuple[np.ndarray | tf.Tensor, np.ndarray | tf.Tensor]
) -> dict[str, tf.Tensor]:
    """One update of both networks, the likelihood's scale and the regularisers.

    Args:
        vae: compiled `VAE`.
        data: uint8 images `[batch, H, W, C]`, or (images, labels), or (images, labels, weights).

    Returns:
        dict of float32 scalars by the names of `VAE.trackers`.
    """
    images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    real = pixels.to_model_range(images)
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    kimg = tf.cast(vae.images_seen.value, tf.float32) / 1000.0
    index = tf.cast(vae.step.value, tf.int64)
    with tf.GradientTape() as tape:
        noise = draw_noise(vae, tf.shape(real)[0], index)
        known = conditions.of_labels(labels).get("labels")
        step, reconstruction, terms, loss = forward(vae, real, known, index, kimg, noise)
        # An optimizer sums gradients over replicas, so each gives its share of the mean.
        total = vae.optimizer.scale_loss(loss / replicas)
    variables = vae.encoder.trainable_variables + vae.decoder.trainable_variables
    loss_scaling.apply_gradients(vae.optimizer, tape.gradient(total, variables), variables)
    end_step(vae, step, replicas)
    return measures(loss, reconstruction, terms, step.z_mean)


def forward(
    vae: VAE, real: tf.Tensor, labels: tf.Tensor | None, index: tf.Tensor, kimg: float, noise: tf.Tensor
) -> tuple[VAEStep, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Through both networks in training, to the loss; call it inside the tape.

    Args:
        vae: compiled `VAE`.
        real: float32 `[batch, H, W, C]` in [-1, 1].
        labels: int32 `[batch]`, or None.
        index: int64 scalar, number of the step.
        kimg: float32 scalar, thousands of images shown before.
        noise: float32 `[batch, latent_dim]`, as `draw_noise` gives it.

    Returns:
        (`VAEStep`, mean reconstruction loss, terms of the divergence `[batch, terms]`, loss).
    """
    step, reconstruction, terms = _pass(vae, real, labels, index, kimg, noise, training=True)
    weight = vae.beta * variational.kl_annealing_share(kimg, vae.kl_annealing_kimg)
    loss = (
        reconstruction
        + weight * variational.apply_free_bits(terms, vae.free_bits)
        + regularization(vae.regularizers, step)
    )
    return step, reconstruction, terms, loss


def draw_noise(vae: VAE, batch: int | tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """The noise of a step's posteriors, float32 `[batch, latent_dim]`."""
    return latents.draw_noise(batch, vae.spec.latent_dim, vae.seed, index)


def end_step(vae: VAE, step: VAEStep, replicas: int) -> None:
    """What follows the update: the likelihood's scale, the regularisers, the counters."""
    vae.likelihood.after_step(step.real, step.reconstructions, step.index)
    for regularizer in vae.regularizers:
        regularizer.after_step(step)
    vae.step.assign_add(1)
    vae.images_seen.assign_add(tf.cast(tf.shape(step.real)[0] * replicas, tf.int64))


def test_step(vae: VAE, data: Any) -> dict[str, tf.Tensor]:
    """The bound on one batch with one draw, without an update; arguments and result as in `train_step`."""
    images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    real = pixels.to_model_range(images)
    index, kimg = tf.constant(0, tf.int64), tf.constant(0.0)
    noise, known = draw_noise(vae, tf.shape(real)[0], index), conditions.of_labels(labels).get("labels")
    step, reconstruction, terms = _pass(vae, real, known, index, kimg, noise, training=False)
    loss = reconstruction + vae.beta * tf.reduce_sum(tf.reduce_mean(terms, 0))
    return measures(loss, reconstruction, terms, step.z_mean)


def _pass(
    vae: VAE,
    real: tf.Tensor,
    labels: tf.Tensor | None,
    index: tf.Tensor | tf.Variable,
    kimg: tf.Tensor,
    noise: tf.Tensor,
    training: bool,
) -> tuple[VAEStep, tf.Tensor, tf.Tensor]:
    """Through both networks: (`VAEStep`, mean reconstruction loss, terms of the divergence `[batch, terms]`)."""
    encoded = vae.encoder(wrap_input(vae.encoder, real), training=training)
    z_mean, z_log_var = (tf.cast(part, tf.float32) for part in encoded)
    z = latents.posterior_latents(z_mean, z_log_var, noise)
    reconstructions, intermediates = vae.decoder_outputs(wrap_input(vae.decoder, z), training=training)
    likelihood = vae.likelihood
    cost = likelihood.loss(real, reconstructions) if training else -likelihood.log_likelihood(real, reconstructions)
    step = VAEStep(
        vae=vae, phase="vae", index=index, kimg=kimg, real=real, z_mean=z_mean, z_log_var=z_log_var, latents=z,
        reconstructions=reconstructions, labels=labels, intermediates=intermediates, source=vae.source,
    )  # fmt: skip
    return step, tf.reduce_mean(cost), vae.prior.kl_terms(z_mean, z_log_var, z)


def measures(loss: tf.Tensor, reconstruction: tf.Tensor, terms: tf.Tensor, z_mean: tf.Tensor) -> dict[str, tf.Tensor]:
    """dict of float32 scalars by the names of `VAE.trackers`."""
    divergence = tf.reduce_sum(tf.reduce_mean(terms, axis=0))
    # Of all replicas' images, first around a centre that all share: squares of large numbers would lose digits.
    around = z_mean - replica_mean(tf.reduce_mean(z_mean, axis=0))
    active = replica_mean(tf.reduce_mean(tf.square(around), axis=0)) > variational.ACTIVE_VARIANCE
    return {
        "loss": loss, "elbo": -(reconstruction + divergence), "reconstruction_loss": reconstruction,
        "kl_loss": divergence, "active_units": tf.reduce_sum(tf.cast(active, tf.float32)),
    }  # fmt: skip
