"""The arithmetic of the evidence lower bound: tensors in, nats out. Sums over pixels and dimensions, never means."""

import math

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.pixels import LEVELS

ACTIVE_VARIANCE = 0.01  # of a dimension's mean over images, above which it counts as used
NO_LEVELS = "the likelihood is no density of pixel levels, so that bits per dimension mean little"


def kl_to_standard_normal(z_mean, z_log_var):
    """Divergence of N(mean, exp(log variance)) from N(0, 1), for each dimension.

    Args:
        z_mean: float32 `[batch, latent_dim]`.
        z_log_var: float32 `[batch, latent_dim]`.

    Returns:
        float32 `[batch, latent_dim]`, in nats, each at least 0.

    Example:
        >>> float(kl_to_standard_normal(tf.ones((1, 1)), tf.zeros((1, 1)))[0, 0])
        0.5

    Reference:
        Kingma and Welling, Auto-Encoding Variational Bayes, 2014 (arXiv:1312.6114), appendix B.
    """
    return 0.5 * (tf.square(z_mean) + tf.exp(z_log_var) - 1.0 - z_log_var)


def normal_log_density(z, mean, log_var):
    """Log density of independent normal dimensions.

    Args:
        z: float32 `[batch, latent_dim]`.
        mean: float32 `[batch, latent_dim]`.
        log_var: float32 `[batch, latent_dim]`, log variance.

    Returns:
        float32 `[batch]`, in nats.
    """
    terms = tf.square(z - mean) * tf.exp(-log_var) + log_var + math.log(2.0 * math.pi)
    return -0.5 * tf.reduce_sum(terms, axis=-1)


def floored(terms, free_bits=0.0):
    """The divergence that training pays for: each term's mean over the batch, but at least `free_bits`, summed.

    A term below the floor has no gradient, so it is not pressed to zero.

    Args:
        terms: float32 `[batch, terms]`, in nats.
        free_bits: nats that each term has for nothing.

    Returns:
        float32 scalar, nats per image.

    Example:
        >>> float(floored(tf.constant([[0.1, 2.0], [0.1, 4.0]]), 0.5))
        3.5

    Reference:
        Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow, 2016 (arXiv:1606.04934), C.8.
    """
    return tf.reduce_sum(tf.maximum(tf.reduce_mean(terms, axis=0), free_bits))


def kl_annealing_share(kimg, warmup_kimg):
    """Share of `beta` that applies after `kimg` thousand images: from 0 to 1 in a straight line, 1 without a warm-up.

    Args:
        kimg: float32 scalar.
        warmup_kimg: length of the warm-up, in kimg; 0 for none.

    Reference:
        Bowman et al., Generating Sentences from a Continuous Space, 2016 (arXiv:1511.06349).
    """
    return tf.minimum(1.0, tf.cast(kimg, tf.float32) / warmup_kimg) if warmup_kimg else tf.constant(1.0)


def importance_bound(log_weights):
    """The importance-weighted bound on the log-likelihood: the log of the mean weight.

    Args:
        log_weights: `[batch, k]`: log p(x | z) + log p(z) - log q(z | x) of k draws from the posterior, in nats. Their
            mean is the evidence lower bound.

    Returns:
        float64 ndarray `[batch]`; its expectation rises with k.

    Reference:
        Burda et al., Importance Weighted Autoencoders, 2016 (arXiv:1509.00519).
    """
    weights = np.asarray(log_weights, np.float64)
    highest = weights.max(axis=1)
    return highest + np.log(np.mean(np.exp(weights - highest[:, None]), axis=1))


def bits_per_dim(elbo, dimensions):
    """What an image costs, in bits for each of its numbers.

    Args:
        elbo: nats per image, of a density over the range [-1, 1].
        dimensions: numbers in an image, height x width x channels.

    Returns:
        float: a level of 0..255 is 1 / 127.5 of that range, and uniform noise within a level makes it a density, so
        `log2(127.5)` is added. For a Bernoulli likelihood, which is none of levels, the value means little.

    Example:
        >>> round(bits_per_dim(-12.0 * math.log(2), 12), 4)
        7.9944

    Reference:
        Theis et al., A note on the evaluation of generative models, 2016 (arXiv:1511.01844).
    """
    return float(-elbo / (dimensions * math.log(2.0)) + math.log2(LEVELS))


def active_units(z_mean):
    """How many latent dimensions tell images apart: those whose mean varies by more than `ACTIVE_VARIANCE`.

    Args:
        z_mean: `[N, latent_dim]` of N images.

    Returns:
        int.

    Raises:
        UserError: for fewer than 2 images.

    Reference:
        Burda et al., 2016 (arXiv:1509.00519), section 2.
    """
    z_mean = np.asarray(z_mean, np.float64)
    if len(z_mean) < 2:
        raise checks.user_error("z_mean", "the means of at least 2 images", z_mean.shape, "Give more images.")
    return int(np.sum(z_mean.var(axis=0) > ACTIVE_VARIANCE))


def collapse(kl_loss, active, latent_dim):
    """One sentence where the latents carry next to nothing, with what to change; else "".

    Args:
        kl_loss: nats per image.
        active: number of active units.
        latent_dim: length of a latent vector.

    Example:
        >>> collapse(40.0, 30, 64)
        ''
    """
    if kl_loss >= 1.0 and active > latent_dim // 20:
        return ""
    return (
        f"the posterior has collapsed: {active} of {latent_dim} latent dimensions are active and the KL is "
        f"{kl_loss:.2f} nats per image, so every latent gives nearly the same image. Train longer, lower beta "
        "(--beta 0.5), give each dimension free bits (--free-bits 0.1), or let the KL in slowly (--kl-annealing-kimg)."
    )
