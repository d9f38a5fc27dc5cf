"""One training step of a `VQVAE`, in the order in which it happens, and the losses without an update."""

import keras
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.replicas import count_replicas
from keras_transfer_gen.training import latents, loss_scaling


def train_step(vq, data):
    """One update of encoder and decoder by their gradients, and of the codebook by its averages.

    Args:
        vq: compiled `VQVAE`.
        data: uint8 images `[batch, H, W, C]`, or (images, labels), or (images, labels, weights).

    Returns:
        dict of float32 scalars by the names of `VQVAE.trackers`.
    """
    images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    real = pixels.to_model_range(images)
    replicas = count_replicas()
    index = tf.cast(vq.step.value, tf.int64)
    if vq.augment is not None:
        real = vq.augment(real, latents.step_seed(vq.seed, index, "augment_real"))
    with tf.GradientTape() as tape:
        vectors, tokens, reconstructions, parts = _pass(vq, real, training=True)
        # An optimizer sums gradients over replicas, so each gives its share of the mean.
        total = vq.optimizer.scale_loss(parts["loss"] / replicas)
    variables = vq.encoder.trainable_variables + vq.decoder.trainable_variables
    loss_scaling.apply_gradients(vq.optimizer, tape.gradient(total, variables), variables)
    if vq.quantizer.trainable:
        seed = tf.random.experimental.stateless_fold_in([vq.seed, latents.PURPOSES.index("latents")], index)
        vq.quantizer.update(vectors, tokens, seed)
    vq.step.assign_add(1)
    vq.images_seen.assign_add(tf.cast(tf.shape(real)[0] * replicas, tf.int64))
    return _measures(vq, real, reconstructions, tokens, parts)


def prior_step(vq, data):
    """One update of the prior's network by the tokens of the images; arguments and result as in `TokenPrior`."""
    images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    logs = vq.prior.train_step(data)
    vq.step.assign_add(1)
    vq.images_seen.assign_add(tf.cast(tf.shape(images)[0] * count_replicas(), tf.int64))
    return logs


def test_step(vq, data):
    """The losses on one batch without an update; arguments and result as in `train_step`."""
    images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    real = pixels.to_model_range(images)
    _, tokens, reconstructions, parts = _pass(vq, real, training=False)
    return _measures(vq, real, reconstructions, tokens, parts)


def _pass(vq, real, training):
    """Through all networks: (vectors, tokens, reconstructions, dict of losses)."""
    vectors = tf.cast(vq.encoder(real, training=training), tf.float32)
    tokens = vq.quantizer.tokens(vectors)
    codes = vq.quantizer.lookup(tokens)
    commitment = tf.reduce_mean(tf.square(vectors - tf.stop_gradient(codes)))
    straight = vectors + tf.stop_gradient(codes - vectors)
    reconstructions = tf.cast(vq.decoder(straight, training=training), tf.float32)
    error = tf.reduce_mean(vq.reconstruction.loss(real, reconstructions))
    parts = {"loss": error + vq.commitment * commitment, "reconstruction_loss": error, "commitment_loss": commitment}
    return vectors, tokens, reconstructions, parts


def _measures(vq, real, reconstructions, tokens, parts):
    psnr = tf.reduce_mean(tf.image.psnr(real, reconstructions, 2.0))
    return {**parts, "psnr": psnr, "perplexity": perplexity(tokens, vq.quantizer.num_codes)}


def perplexity(tokens, num_codes):
    """How many codes would be as varied if all were chosen equally often, float32 scalar from 1 to `num_codes`.

    Args:
        tokens: int32 `[...]`.
        num_codes: size of the codebook.
    """
    chosen = tf.reshape(tokens, (-1,))
    counts = tf.math.unsorted_segment_sum(tf.ones_like(chosen, tf.float32), chosen, num_codes)
    shares = counts / tf.reduce_sum(counts)
    return tf.exp(-tf.reduce_sum(tf.math.xlogy(shares, shares)))
