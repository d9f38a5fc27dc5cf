"""The arithmetic of the evidence lower bound: tensors in, nats out. Sums over pixels and dimensions, never means."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks
from keras_transfer_gen.pixels import LEVELS
from keras_transfer_gen.replicas import replica_mean

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Array


ACTIVE_VARIANCE = 0.01  # over images, of a dimension's mean: above it the dimension counts as active
NO_LEVELS = "the likelihood is not a density over pixel levels, so bits per dimension can't be compared with others"


def kl_to_standard_normal(z_mean: Array, z_log_var: Array) -> tf.Tensor:
    """KL divergence of N(mean, exp(log variance)) from N(0, 1), for each dimension.

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


def normal_log_density(z: Array, mean: Array, log_var: Array) -> tf.Tensor:
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


def apply_free_bits(terms: Array, free_bits: float = 0.0) -> tf.Tensor:
    """The KL divergence of the loss: the sum of each term's mean over the batch, but of at least `free_bits` each.

    A term below `free_bits` has no gradient, so training doesn't push it to zero.

    Args:
        terms: float32 `[batch, terms]`, in nats.
        free_bits: the least that each term counts, in nats.

    Returns:
        float32 scalar, nats per image.

    Example:
        >>> float(apply_free_bits(tf.constant([[0.1, 2.0], [0.1, 4.0]]), 0.5))
        3.5

    Reference:
        Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow, 2016 (arXiv:1606.04934), C.8.
    """
    return tf.reduce_sum(tf.maximum(replica_mean(tf.reduce_mean(terms, axis=0)), free_bits))


def kl_annealing_share(kimg: float | tf.Tensor, annealing_kimg: float) -> float | tf.Tensor:
    """Share of `beta` that applies after `kimg` thousand images: from 0 to 1 in a straight line.

    Args:
        kimg: float32 scalar, thousands of images shown.
        annealing_kimg: length of the KL annealing, in kimg; 0 for none, where the share is always 1.

    Returns:
        float32 scalar.

    Reference:
        Bowman et al., Generating Sentences from a Continuous Space, 2016 (arXiv:1511.06349).
    """
    return tf.minimum(1.0, tf.cast(kimg, tf.float32) / annealing_kimg) if annealing_kimg else tf.constant(1.0)


def importance_bound(log_weights: Array) -> np.ndarray:
    """The importance-weighted lower bound of the log-likelihood: the log of the mean weight.

    Args:
        log_weights: `[batch, k]`: log p(x | z) + log p(z) - log q(z | x) of k draws from the posterior, in nats. Their
            mean is the evidence lower bound (ELBO).

    Returns:
        float64 ndarray `[batch]`, in nats; its expectation rises with k.

    Reference:
        Burda et al., Importance Weighted Autoencoders, 2016 (arXiv:1509.00519).
    """
    weights = np.asarray(log_weights, np.float64)
    highest = weights.max(axis=1)
    return highest + np.log(np.mean(np.exp(weights - highest[:, None]), axis=1))


def bits_per_dim(elbo: Any, dimensions: int) -> Any:
    """The negative ELBO of an image in bits for each of its numbers, as a density over levels 0..255.

    A level is 1 / 127.5 of the range [-1, 1], so `log2(127.5)` is added. For a likelihood that is not a density over
    levels (Bernoulli) the value can't be compared with others.

    Args:
        elbo: nats per image, of a density over the range [-1, 1].
        dimensions: how many numbers an image has, height x width x channels.

    Returns:
        float.

    Example:
        >>> round(bits_per_dim(-12.0 * math.log(2), 12), 4)
        7.9944

    Reference:
        Theis et al., A note on the evaluation of generative models, 2016 (arXiv:1511.01844).
    """
    return float(-elbo / (dimensions * math.log(2.0)) + math.log2(LEVELS))


def active_units(z_mean: Array) -> int:
    """How many latent dimensions tell images apart: those whose mean has a variance above `ACTIVE_VARIANCE`.

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
        raise checks.user_error("z_mean", "the means of at least 2 images", z_mean, "Use more images.")
    return int(np.sum(z_mean.var(axis=0) > ACTIVE_VARIANCE))


def describe_collapse(kl_loss: float, active: int, latent_dim: int) -> str:
    """A sentence with advice where the latents hold almost no information of the images; else "".

    Args:
        kl_loss: nats per image.
        active: number of active units.
        latent_dim: length of a latent vector.

    Example:
        >>> describe_collapse(40.0, 30, 64)
        ''
    """
    if kl_loss >= 1.0 and active > latent_dim // 20:
        return ""
    return (
        f"the posterior has collapsed: {active} of {latent_dim} latent dimensions are active and the KL is "
        f"{kl_loss:.2f} nats per image, so every latent gives nearly the same image. Train longer, lower beta "
        "(--beta 0.5), use free bits (--free-bits 0.1), or raise beta slowly (--kl-annealing-kimg)."
    )
