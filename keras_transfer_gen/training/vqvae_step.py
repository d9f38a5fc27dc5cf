"""One training step of a `VQVAE`, in the order in which it happens, and the losses without an update."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.replicas import count_replicas
from keras_transfer_gen.training import latents, loss_scaling
from keras_transfer_gen.training.code_use import perplexity
from keras_transfer_gen.training.drawn_tokens import drawn_codes
from keras_transfer_gen.training.token_codec import codes_of
from keras_transfer_gen.training.vqvae_adversary import adversarial_step, last_kernel

SSIM_WINDOW = 11  # pixels, of the structural similarity


def train_step(vq: Any, data: Any) -> dict[str, tf.Tensor]:
    """One update of encoder and decoder by their gradients, of the codebook by its averages, of the discriminator.

    Where the encoder is frozen, no gradient is computed through it: the tape records what depends on trainable weights.
    Where the model has grids that its prior drew, the discriminator judges as many of their images as reconstructions:
    half of the batch is reconstructed, all of it is shown to the discriminator as real. Where the prior draws the first
    levels of tokens alone, every second reconstruction is of these levels, so PSNR is lower here than in `test_step`.

    Args:
        vq: compiled `VQVAE`.
        data: uint8 images `[batch, H, W, C]`, or (images, labels), or (images, labels, weights).

    Returns:
        dict of float32 scalars by names of `VQVAE.trackers`.
    """
    images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    real = pixels.to_model_range(images)
    replicas = count_replicas()
    index = tf.cast(vq.step.value, tf.int64)
    if vq.augment is not None:
        real = vq.augment(real, latents.step_seed(vq.seed, index, "augment_real"))
    variables = vq.encoder.trainable_variables + vq.decoder.trainable_variables
    own, drawn = real, None
    if vq.adversary_acts and vq.drawn_tokens is not None:
        batch = tf.shape(real)[0]
        own, drawn = real[: batch - batch // 2], drawn_codes(vq, batch, index)
    with tf.GradientTape(persistent=vq.adversary_acts) as tape:
        if vq.adversary_acts:
            tape.watch(last_kernel(vq.decoder).value)  # frozen or not: the adaptive weight is measured there
        vectors, tokens, images, parts = _pass(vq, own, True, drawn)
        # An optimizer sums gradients over replicas, so each gives its share of the mean.
        total = vq.optimizer.scale_loss(parts["loss"] / replicas)
    measures = {}
    if not vq.adversary_acts:
        gradients = tape.gradient(total, variables)
    else:
        at_images, measures = adversarial_step(vq, tape, real, images, parts)
        share = vq.optimizer.scale_loss(1.0 / replicas)
        # One way back through the decoder for both losses.
        gradients = tape.gradient(
            [images, parts["commitment_loss"]], variables,
            output_gradients=[share * at_images, tf.convert_to_tensor(share * vq.commitment)],
        )  # fmt: skip
        del tape
    if variables:
        loss_scaling.apply_gradients(vq.optimizer, gradients, variables)
    if vq.quantizer.trainable:
        seed = tf.random.experimental.stateless_fold_in([vq.seed, latents.PURPOSES.index("latents")], index)
        vq.quantizer.update(vectors, tokens, seed)
    vq.step.assign_add(1)
    vq.images_seen.assign_add(tf.cast(tf.shape(real)[0] * replicas, tf.int64))
    return {**_measures(vq, own, images[: tf.shape(own)[0]], tokens, parts), **measures}


def prior_step(vq: Any, data: Any) -> dict[str, tf.Tensor]:
    """One update of the prior's network by the tokens of the images; arguments and result as in `TokenPrior`."""
    images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    logs = vq.prior.train_step(data)
    vq.step.assign_add(1)
    vq.images_seen.assign_add(tf.cast(tf.shape(images)[0] * count_replicas(), tf.int64))
    return logs


def test_step(vq: Any, data: Any) -> dict[str, tf.Tensor]:
    """The losses on one batch without an update, and what is too dear for each training step.

    Args:
        vq: as in `train_step`.
        data: as there.

    Returns:
        dict as there, with "ssim", and "codes_used": int32 `[batch, rows, columns]`, the tokens to count.
    """
    images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    real = pixels.to_model_range(images)
    _, tokens, reconstructions, parts = _pass(vq, real, False)
    window = min(SSIM_WINDOW, *real.shape[1:3])
    intensities = real + 1.0, reconstructions + 1.0  # from 0 on, as the measure is made for
    ssim = tf.reduce_mean(tf.image.ssim(*intensities, 2.0, filter_size=window))
    return {**_measures(vq, real, reconstructions, tokens, parts), "ssim": ssim, "codes_used": tokens}


def _pass(
    vq: Any, real: tf.Tensor, training: bool, more: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, dict[str, tf.Tensor]]:
    """Through all networks: (vectors, tokens, reconstructions and then the images of `more` codes, dict of losses)."""
    vectors = tf.cast(vq.encoder(real, training=training), tf.float32)
    codes, tokens, commitment = vq.quantizer.straight_through(vectors)
    if training and vq.prior_grid != vq.grid:
        codes = _half_of_first_levels(vq, vectors, codes, tokens)
    every = codes if more is None else tf.concat([codes, tf.cast(more, codes.dtype)], 0)
    images = tf.cast(vq.decoder(every, training=training), tf.float32)
    error = tf.reduce_mean(vq.reconstruction.loss(real, images[: tf.shape(real)[0]]))
    parts = {"loss": error + vq.commitment * commitment, "reconstruction_loss": error, "commitment_loss": commitment}
    return vectors, tokens, images, parts


def _half_of_first_levels(vq: Any, vectors: tf.Tensor, codes: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
    """Codes of which the first half of a batch knows the levels alone that the prior draws.

    So the decoder learns from real images what such tokens stand for, before it is given drawn ones.

    Args:
        vq: `VQVAE`.
        vectors: float32 `[batch, rows, columns, code_dim]`, the encoder's.
        codes: their codes of all levels, through which gradients flow to the vectors.
        tokens: int32, the numbers of the codes.
    """
    half = tf.shape(codes)[0] // 2
    first = codes_of(vq, vq.prior.own_rows(tokens[:half]))
    return tf.concat([vectors[:half] + tf.stop_gradient(first - vectors[:half]), codes[half:]], 0)


def _measures(
    vq: Any, real: tf.Tensor, reconstructions: tf.Tensor, tokens: tf.Tensor, parts: dict[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    psnr = tf.reduce_mean(tf.image.psnr(real, reconstructions, 2.0))
    return {**parts, "psnr": psnr, "perplexity": perplexity(tokens, vq.quantizer.num_codes)}
