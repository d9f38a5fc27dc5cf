"""One training step of a `VAE` whose batch goes through the networks in micro-batches: one update as of the whole."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.training import conditions, loss_scaling, micro_batches, vae_step

if TYPE_CHECKING:
    from keras_transfer_gen.training.vae import VAE


# Of a `VAEStep`, what has a row for each image.
ROWS = ("real", "z_mean", "z_log_var", "latents", "reconstructions", "labels", "intermediates")


def train_step(vae: VAE, data: Any) -> dict[str, tf.Tensor]:
    """`vae_step.train_step` in micro-batches of `vae.micro_batch` images; the noise is that of the whole batch.

    Args:
        vae: compiled `VAE`.
        data: as in `vae_step.train_step`; the number of images is known beforehand.

    Returns:
        as `vae_step.train_step`.

    Raises:
        UserError: where the batch can't be divided evenly.
    """
    images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    real, known = pixels.to_model_range(images), conditions.of_labels(labels).get("labels")
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    kimg = tf.cast(vae.images_seen.value, tf.float32) / 1000.0
    index = tf.cast(vae.step.value, tf.int64)
    parts = micro_batches.parts_of(real, vae.micro_batch)
    noise = vae_step.draw_noise(vae, real.shape[0], index)
    variables = vae.encoder.trainable_variables + vae.decoder.trainable_variables
    whole = micro_batches.Sum(len(parts))
    for part in parts:
        with whole.in_turn():
            own_labels = None if known is None else part.of(known)
            with tf.GradientTape() as tape:
                step, reconstruction, terms, loss = vae_step.forward(
                    vae, part.of(real), own_labels, index, kimg, part.of(noise)
                )
                total = vae.optimizer.scale_loss(loss / replicas)
            rows = {name: getattr(step, name) for name in ROWS if getattr(step, name) is not None}
            rows = tf.nest.map_structure(tf.stop_gradient, {**rows, "terms": terms})
            whole.add(tape.gradient(total, variables), {"loss": loss, "reconstruction": reconstruction}, rows)
    loss_scaling.apply_gradients(vae.optimizer, whole.gradients, variables)
    rows = whole.whole_rows()
    terms = rows.pop("terms")
    vae_step.end_step(vae, dataclasses.replace(step, **rows), replicas)
    return vae_step.measures(whole.numbers["loss"], whole.numbers["reconstruction"], terms, rows["z_mean"])
