"""Distributions that a VAE draws its latents from: standard normal, one normal distribution, a mixture of normal distributions."""

import math

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, variational
from keras_transfer_gen.protocols import Prior
from keras_transfer_gen.version import PACKAGE

SETTINGS = {"trainable": False, "dtype": "float32", "autocast": False}  # of fitted weights; fine-tuning leaves them


@keras.saving.register_keras_serializable(PACKAGE)
class StandardNormal(Prior):
    """N(0, I): the distribution that a VAE is trained with.

    Args:
        latent_dim: length of a latent vector; told by the model where it is None.

    Example:
        >>> StandardNormal(8).sample(2, seed=0).shape
        TensorShape([2, 8])
    """

    def call(self, noise):
        return tf.cast(noise, tf.float32)

    def log_prob(self, latents):
        return _standard_log_prob(tf.cast(latents, tf.float32))

    def kl_terms(self, z_mean, z_log_var, latents):
        return variational.kl_to_standard_normal(z_mean, z_log_var)


@keras.saving.register_keras_serializable(PACKAGE)
class GaussianPrior(Prior):
    """N(mean, factor factor^T): noise goes to mean + factor noise.

    Args:
        latent_dim: length of a latent vector.

    Example:
        >>> prior = GaussianPrior(2).set_distribution([1.0, 0.0], [[4.0, 0.0], [0.0, 1.0]])
        >>> prior(tf.ones((1, 2))).numpy().tolist()
        [[3.0, 1.0]]
    """

    def __init__(self, latent_dim, **kwargs):
        super().__init__(latent_dim, **kwargs)
        size = self.latent_dim
        self.mean = self.add_weight(shape=(size,), name="mean", initializer="zeros", **SETTINGS)
        self.factor = self.add_weight(shape=(size, size), name="factor", initializer=_identity, **SETTINGS)

    def set_distribution(self, mean, covariance):
        """Sets mean `[latent_dim]` and covariance `[latent_dim, latent_dim]`; returns the prior.

        Raises:
            UserError: where the shapes are others or the covariance isn't positive definite.
        """
        size = self.latent_dim
        mean, factor = _array("mean", mean, (size,)), cholesky("covariance", covariance, (size, size))
        self.mean.assign(mean)
        self.factor.assign(factor)
        return self

    def call(self, noise):
        factor = tf.convert_to_tensor(self.factor)
        return tf.convert_to_tensor(self.mean) + tf.matmul(tf.cast(noise, tf.float32), factor, transpose_b=True)

    def log_prob(self, latents):
        centred = tf.cast(latents, tf.float32) - self.mean
        return _factored_log_prob(centred, tf.convert_to_tensor(self.factor))

    def kl_terms(self, z_mean, z_log_var, latents):
        factor = tf.convert_to_tensor(self.factor)
        inverse = tf.linalg.triangular_solve(factor, tf.eye(self.latent_dim))
        white = tf.matmul(z_mean - self.mean, inverse, transpose_b=True)
        precision = tf.reduce_sum(tf.square(inverse), axis=0)  # diagonal of the inverse covariance
        log_determinant = 2.0 * tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factor)))
        each = tf.exp(z_log_var) * precision - 1.0 - z_log_var
        total = tf.reduce_sum(tf.square(white), -1) + tf.reduce_sum(each, -1) + log_determinant
        return 0.5 * total[:, tf.newaxis]  # its dimensions are not independent: one term


@keras.saving.register_keras_serializable(PACKAGE)
class MixturePrior(Prior):
    """A mixture of normal distributions, sum_k w_k N(mean_k, factor_k factor_k^T).

    Noise has no entry to spare for the choice of a component. So the angle of its first two entries, which is uniform
    and independent of all the rest, is cut into one sector a component, as wide as its weight; the sector that the
    angle falls into is then stretched to the full turn, which gives a uniform angle again. The result follows the
    mixture exactly, and equal noise gives equal latents.

    Args:
        latent_dim: length of a latent vector, at least 2.
        components: number of distributions.

    Example:
        >>> prior = MixturePrior(2, components=2)
        >>> prior.set_distribution([0.5, 0.5], [[9.0, 9.0], [-9.0, -9.0]], [np.eye(2), np.eye(2)]).sample(3).shape
        TensorShape([3, 2])
    """

    def __init__(self, latent_dim, components, **kwargs):
        super().__init__(checks.check_integer("latent_dim", latent_dim, least=2), **kwargs)
        self.components = count = checks.check_integer("components", components)
        size = self.latent_dim
        equal = keras.initializers.Constant(1.0 / count)
        self.weights_of = self.add_weight(shape=(count,), name="component_weights", initializer=equal, **SETTINGS)
        self.means = self.add_weight(shape=(count, size), name="means", initializer="zeros", **SETTINGS)
        self.factors = self.add_weight(shape=(count, size, size), name="factors", initializer=_identity, **SETTINGS)

    def set_distribution(self, weights, means, covariances):
        """Sets weights `[K]` (positive, of sum 1), means `[K, latent_dim]` and covariances; returns the prior.

        Raises:
            UserError: where the shapes are others, the weights don't fit or a covariance isn't positive definite.
        """
        count, size = self.components, self.latent_dim
        weights = _array("weights", weights, (count,))
        if (weights <= 0).any() or abs(weights.sum() - 1) > 1e-4:
            raise checks.user_error("weights", "positive and of sum 1", weights.tolist())
        means = _array("means", means, (count, size))
        factors = cholesky("covariances", covariances, (count, size, size))
        self.weights_of.assign(weights / weights.sum())
        self.means.assign(means)
        self.factors.assign(factors)
        return self

    def call(self, noise):
        noise = tf.cast(noise, tf.float32)
        first, second = noise[:, 0], noise[:, 1]
        turn = 0.5 + tf.math.atan2(second, first) / (2.0 * math.pi)  # uniform in [0, 1]
        weights = tf.convert_to_tensor(self.weights_of)
        ends = tf.cumsum(weights)
        past = tf.cast(turn[:, None] >= ends[None, :-1], tf.float32)  # [batch, K - 1]; the last component has no end
        chosen = tf.cast(tf.reduce_sum(past, axis=1), tf.int32)
        begin = tf.gather(ends - weights, chosen)
        angle = 2.0 * math.pi * (turn - begin) / tf.gather(weights, chosen)
        radius = tf.sqrt(tf.square(first) + tf.square(second))
        fresh = tf.concat([tf.stack([radius * tf.cos(angle), radius * tf.sin(angle)], 1), noise[:, 2:]], 1)
        factors = tf.gather(tf.convert_to_tensor(self.factors), chosen)
        return tf.gather(tf.convert_to_tensor(self.means), chosen) + tf.matmul(factors, fresh[:, :, None])[:, :, 0]

    def log_prob(self, latents):
        latents = tf.cast(latents, tf.float32)
        centred = latents[None] - tf.convert_to_tensor(self.means)[:, None]  # [K, batch, latent_dim]
        each = _factored_log_prob(centred, tf.convert_to_tensor(self.factors))
        return tf.reduce_logsumexp(each + tf.math.log(tf.convert_to_tensor(self.weights_of))[:, None], axis=0)

    def get_config(self):
        return {**super().get_config(), "components": self.components}


def cholesky(name, covariance, shape):
    """The lower Cholesky factors, float64, of covariances of a shape `[..., D, D]`; a `UserError` where there is none.

    Args:
        name: of the argument, for the error.
        covariance: array-like of that shape.
        shape: the shape.
    """
    covariance = _array(name, covariance, shape)
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as error:
        hint = "Fit it to more latents, or with shrinkage: fit_prior(..., kind='shrunk')."
        raise checks.user_error(name, "positive definite", f"array {covariance.shape}", hint) from error


def _array(name, value, shape):
    found = np.asarray(value, np.float64)
    if found.shape != shape or not np.isfinite(found).all():
        raise checks.user_error(name, f"a finite array of shape {list(shape)}", list(found.shape))
    return found


def _identity(shape, dtype=None):
    return tf.eye(shape[-1], batch_shape=shape[:-2], dtype=dtype)


def _standard_log_prob(latents):
    size = tf.cast(tf.shape(latents)[-1], tf.float32)
    return -0.5 * (tf.reduce_sum(tf.square(latents), axis=-1) + size * math.log(2.0 * math.pi))


def _factored_log_prob(centred, factor):
    """Log density of centred latents `[..., batch, D]` under N(0, factor factor^T), factor `[..., D, D]`."""
    white = tf.linalg.matrix_transpose(tf.linalg.triangular_solve(factor, tf.linalg.matrix_transpose(centred)))
    log_determinant = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factor)), axis=-1)
    return _standard_log_prob(white) - log_determinant[..., None]
