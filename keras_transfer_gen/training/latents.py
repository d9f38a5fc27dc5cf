"""Where randomness comes from: every draw is a function of a seed, a step and a replica, and of nothing else."""

import numpy as np
import tensorflow as tf

PURPOSES = ("latents", "augment_real", "augment_fake", "augment_fake_for_generator")


def step_seed(seed, step, purpose):
    """A seed for one purpose, step and replica.

    Args:
        seed: the run's seed, an integer.
        step: int64 scalar tensor.
        purpose: one of `PURPOSES`.

    Returns:
        int32 `[2]`, for the `tf.random.stateless_*` functions.
    """
    context = tf.distribute.get_replica_context()
    replica = context.replica_id_in_sync_group if context else 0
    folded = tf.random.experimental.stateless_fold_in([seed, PURPOSES.index(purpose)], step)
    return tf.random.experimental.stateless_fold_in(folded, tf.cast(replica, tf.int64))


def sample_latents(batch, latent_dim, seed):
    """float32 `[batch, latent_dim]` from N(0, 1).

    Args:
        batch: number of vectors.
        latent_dim: their length.
        seed: int32 `[2]`.
    """
    return tf.random.stateless_normal((batch, latent_dim), seed)


def numbered_latents(numbers, latent_dim, seed=0, truncation=1.0):
    """Latents of numbered pictures: vector i depends on the seed and on i alone.

    Args:
        numbers: iterable of picture numbers.
        latent_dim: length of a vector.
        seed: non-negative integer.
        truncation: factor on the vectors, in (0, 1]; less is safer and less varied.

    Returns:
        float32 ndarray `[len(numbers), latent_dim]`.

    Example:
        >>> bool((numbered_latents([5], 8) == numbered_latents(range(9), 8)[5:6]).all())
        True
    """
    rows = [np.random.default_rng((seed, number)).standard_normal(latent_dim, np.float32) for number in numbers]
    return np.float32(truncation) * np.stack(rows)
