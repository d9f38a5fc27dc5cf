"""Where randomness comes from: every draw is a function of a seed, a step and a replica, and of nothing else."""

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.latent_distributions import transform_normals

# New ones go to the end: the place of each is part of its seed, and earlier runs are to be continued as they were.
PURPOSES = ("latents", "augment_real", "augment_fake", "augment_fake_for_generator", "labels")


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


def sample_latents(batch, latent_dim, seed, distribution="normal"):
    """float32 `[batch, latent_dim]`.

    Args:
        batch: number of vectors.
        latent_dim: their length.
        seed: int32 `[2]`.
        distribution: their distribution, one of `specs.DISTRIBUTIONS`.
    """
    return transform_normals(distribution, tf.random.stateless_normal((batch, latent_dim), seed))


def sample_inputs(batch, spec, seed, step):
    """What a generator is called with in one training step: latents, and labels where it takes some.

    Args:
        batch: number of images.
        spec: the generator's `ModelSpec`.
        seed: the run's seed, an integer.
        step: int64 scalar tensor.

    Returns:
        float32 `[batch, latent_dim]`; or {"latents": that, "labels": int32 `[batch]`, uniform over the classes}.
    """
    z = sample_latents(batch, spec.latent_dim, step_seed(seed, step, "latents"), spec.distribution)
    if not spec.num_classes:
        return z
    drawn = step_seed(seed, step, "labels")
    return {"latents": z, "labels": tf.random.stateless_uniform((batch,), drawn, 0, spec.num_classes, tf.int32)}


def numbered_latents(numbers, latent_dim, seed=0, truncation=1.0, distribution="normal"):
    """Latents of numbered images: vector i depends on the seed and on i alone.

    Args:
        numbers: iterable of image numbers.
        latent_dim: length of a vector.
        seed: non-negative integer.
        truncation: factor on the vectors, in (0, 1]; less is safer and less varied.
        distribution: their distribution, one of `specs.DISTRIBUTIONS`.

    Returns:
        float32 ndarray `[len(numbers), latent_dim]`.

    Example:
        >>> bool((numbered_latents([5], 8) == numbered_latents(range(9), 8)[5:6]).all())
        True
    """
    rows = [np.random.default_rng((seed, number)).standard_normal(latent_dim, np.float32) for number in numbers]
    return np.float32(truncation) * transform_normals(distribution, np.stack(rows))


def numbered_labels(numbers, num_classes, seed=0):
    """Classes of numbered images, uniform: class i depends on the seed and on i alone.

    Args:
        numbers: iterable of image numbers.
        num_classes: 0 or 1 gives class 0 throughout.
        seed: non-negative integer.

    Returns:
        int64 ndarray `[len(numbers)]`.

    Example:
        >>> bool((numbered_labels([5], 10) == numbered_labels(range(9), 10)[5:6]).all())
        True
    """
    # The third number keeps them apart from the latents of the same image.
    return np.array([np.random.default_rng((seed, n, 1)).integers(max(num_classes, 1)) for n in numbers], np.int64)


def check_label(label, num_classes):
    """Returns a class that images are asked for in, an int, or None; raises a `UserError` where there is no such.

    Args:
        label: class number, or None for classes that are drawn.
        num_classes: of the generator; 0 where it takes no labels.
    """
    if label is None:
        return None
    if not num_classes:
        step = "It takes no labels. Leave out label= (--class)."
        raise checks.user_error("label", "left out for this model", label, step)
    step = "Give it with label= (--class)."
    if num_classes == 1:
        step = "If it has more classes, say how many: labels=10 (--labels 10)."
    return checks.check_integer("label", label, least=0, most=num_classes - 1, next_step=step)


def render_numbered(function, numbers, spec, seed=0, truncation=1.0, label=None):
    """ImageSet of numbered latents and, where the generator takes some, labels.

    Args:
        function: latents ndarray `[batch, latent_dim]`, or {"latents": that, "labels": int64 ndarray `[batch]`}, ->
            float32 images `[batch, H, W, C]` in [-1, 1].
        numbers: sequence of image numbers.
        spec: the generator's `ModelSpec`.
        seed: non-negative integer.
        truncation: factor on the latents in (0, 1].
        label: class of all images; None draws one for each.

    Returns:
        uint8 ndarray `[len(numbers), H, W, C]`; image i depends on the seed, its number and `label` alone.

    Raises:
        UserError: for a label that the generator does not have.
    """
    label = check_label(label, spec.num_classes)
    z = numbered_latents(numbers, spec.latent_dim, seed, truncation, spec.distribution)
    if not spec.num_classes:
        return pixels.render(function, z)
    labels = numbered_labels(numbers, spec.num_classes, seed) if label is None else np.full(len(z), label)
    # A class number stands behind each vector: one array to cut into batches. It is exact, being below 2**24.
    rows = np.concatenate([z, np.float32(labels[:, None])], axis=1)
    return pixels.render(lambda part: function({"latents": part[:, :-1], "labels": part[:, -1].astype(np.int64)}), rows)


def posterior_latents(z_mean, z_log_var, noise):
    """A draw from each posterior N(mean, exp(log variance)), through which gradients flow.

    Args:
        z_mean: float32 `[batch, latent_dim]`.
        z_log_var: float32 `[batch, latent_dim]`.
        noise: float32 `[batch, latent_dim]` from N(0, 1), as `sample_latents` gives it.

    Returns:
        float32 `[batch, latent_dim]`.
    """
    return z_mean + tf.exp(0.5 * z_log_var) * noise
