"""Where randomness comes from: every draw is a function of a seed, a step and a replica, and of nothing else."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.latent_distributions import transform_normals
from keras_transfer_gen.network_inputs import LABELS, LATENTS, TRUNCATION, NetworkInputs
from keras_transfer_gen.replicas import count_replicas, own_rows, replica_number

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.network_inputs import NetworkInput
    from keras_transfer_gen.specs import ModelSpec


# New ones go to the end: the position of each is part of its seed, and earlier runs must continue as they were.
PURPOSES = ("latents", "augment_real", "augment_fake", "augment_fake_for_generator", "labels", "other_inputs", "layers")


def step_seed(
    seed: int | tf.Tensor, step: tf.Tensor | tf.Variable, purpose: str, replica: int | None = None
) -> tf.Tensor:
    """A seed for one purpose, step and replica.

    Args:
        seed: the run's seed, an integer.
        step: int64 scalar tensor.
        purpose: one of `PURPOSES`.
        replica: number of the replica; the one that runs by default.

    Returns:
        int32 `[2]`, for the `tf.random.stateless_*` functions.
    """
    replica = replica_number() if replica is None else replica
    folded = tf.random.experimental.stateless_fold_in([seed, PURPOSES.index(purpose)], step)
    return tf.random.experimental.stateless_fold_in(folded, tf.cast(replica, tf.int64))


def augmented(augment: Any, images: tf.Tensor, seed: int | tf.Tensor, step: tf.Tensor, purpose: str) -> tf.Tensor:
    """Images as a discriminator is shown them, `[batch, H, W, C]`: changed as a step's seed says.

    Args:
        augment: `protocols.Augment`, or None for no change.
        images: float32 `[batch, H, W, C]` in [-1, 1].
        seed: as in `step_seed`, as the next two.
        step: see there.
        purpose: see there.
    """
    if augment is None:
        return images
    return augment(images, seed=step_seed(seed, step, purpose, 0 if augment.shared_seed else None))


def sample_latents(
    batch: int | tf.Tensor, latent_dim: int, seed: int | tf.Tensor, distribution: str = "normal"
) -> tf.Tensor:
    """float32 `[batch, latent_dim]`.

    Args:
        batch: number of vectors.
        latent_dim: their length.
        seed: int32 `[2]`.
        distribution: their distribution, one of `specs.DISTRIBUTIONS`.
    """
    return transform_normals(distribution, tf.random.stateless_normal((batch, latent_dim), seed))


def draw_inputs(
    batch: int | tf.Tensor, inputs: NetworkInputs, seed: int | tf.Tensor, step: tf.Tensor | tf.Variable
) -> dict[str, tf.Tensor]:
    """Everything that is drawn for the generated images of one training step.

    It is drawn for the images of all replicas, of which each takes its own: so their number does not count.

    Args:
        batch: number of images of this replica.
        inputs: `NetworkInputs`.
        seed: the run's seed, an integer.
        step: int64 scalar tensor.

    Returns:
        dict of name -> tensor: "latents", float32 `[batch, latent_dim]`; "labels", int32 `[batch]`, uniform over the
        classes or by their shares, where there are some; what else the networks take.
    """
    values = {}
    for entry in inputs.drawn:
        if entry.name in (LATENTS, LABELS):
            own = step_seed(seed, step, entry.name, replica=0)
        else:  # by the name, so that two of them differ and their order does not count
            own = tf.random.experimental.stateless_fold_in(
                step_seed(seed, step, "other_inputs", replica=0), _number_of(entry)
            )
        values[entry.name] = own_rows(_draw(batch * count_replicas(), entry, own))
    return values


def draw_noise(
    batch: int | tf.Tensor, latent_dim: int, seed: int | tf.Tensor, step: tf.Tensor | tf.Variable
) -> tf.Tensor:
    """N(0, 1) for a training step of a VAE, float32 `[batch, latent_dim]`; arguments as of `draw_inputs`."""
    own = step_seed(seed, step, "latents", replica=0)
    return own_rows(sample_latents(batch * count_replicas(), latent_dim, own))


def _number_of(entry: NetworkInput) -> int:
    return zlib.crc32(entry.name.encode())


def _draw(batch: int | tf.Tensor, entry: NetworkInput, seed: int | tf.Tensor) -> tf.Tensor:
    if entry.classes and entry.shares:
        uniform = tf.random.stateless_uniform((batch,), seed)
        return tf.searchsorted(_bounds(entry.shares), uniform, side="right")
    if entry.classes:
        return tf.random.stateless_uniform((batch, *entry.shape), seed, 0, entry.classes, tf.int32)
    if entry.distribution is None:
        return tf.fill((batch, *entry.shape), tf.constant(entry.value, tf.float32))
    if len(entry.shape) == 1:
        return sample_latents(batch, entry.shape[0], seed, entry.distribution)
    flat = sample_latents(batch, math.prod(entry.shape), seed, entry.distribution)
    return tf.reshape(flat, (batch, *entry.shape))


def _bounds(shares: Sequence[float]) -> Any:
    """float32 `[classes - 1]`: where the part of a class in [0, 1) ends and that of the next begins."""
    return np.float32(np.cumsum(shares)[:-1])


def numbered_latents(
    numbers: Sequence[int] | np.ndarray,
    latent_dim: int,
    seed: int | tf.Tensor = 0,
    truncation: float = 1.0,
    distribution: str = "normal",
) -> np.ndarray:
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


def numbered_labels(
    numbers: Any, num_classes: int, seed: int | tf.Tensor = 0, shares: Sequence[float] = ()
) -> np.ndarray:
    """Classes of numbered images: class i depends on the seed, the shares and on i alone.

    Args:
        numbers: iterable of image numbers.
        num_classes: 0 or 1 gives class 0 throughout.
        seed: non-negative integer.
        shares: how often each class is drawn, as in `ModelSpec.class_shares`; empty: all equally often.

    Returns:
        int64 ndarray `[len(numbers)]`.

    Example:
        >>> bool((numbered_labels([5], 10) == numbered_labels(range(9), 10)[5:6]).all())
        True
    """
    # The third number keeps them apart from the latents of the same image.
    streams = [np.random.default_rng((seed, number, 1)) for number in numbers]
    if len(shares):
        uniform = np.array([stream.random() for stream in streams])
        return np.searchsorted(_bounds(shares), uniform, side="right").astype(np.int64)
    return np.array([stream.integers(max(num_classes, 1)) for stream in streams], np.int64)


def numbered_classes(
    numbers: Sequence[int], spec: ModelSpec, seed: int | tf.Tensor = 0, label: int | str | None = None
) -> np.ndarray:
    """Classes of the images that `generate` gives, int64 `[len(numbers)]`; None for a model without classes.

    Args:
        numbers: sequence of image numbers.
        spec: the generator's `ModelSpec`.
        seed: non-negative integer.
        label: the class that was asked for, its name or number, or None.
    """
    if not spec.num_classes:
        return None
    number = spec.class_number(label)
    drawn = numbered_labels(numbers, spec.num_classes, seed, spec.class_shares)
    return drawn if number is None else np.full(len(numbers), number, np.int64)


def numbered_inputs(
    numbers: Sequence[int],
    inputs: NetworkInputs,
    seed: int | tf.Tensor = 0,
    truncation: float = 1.0,
    label: int | str | None = None,
) -> dict[str, np.ndarray]:
    """Everything that is drawn for numbered images: row i depends on the seed, its number and `label` alone.

    Args:
        numbers: sequence of image numbers.
        inputs: `NetworkInputs`.
        seed: non-negative integer.
        truncation: factor on the latents in (0, 1]; where there is an input "truncation", its value instead.
        label: class of all images; None draws one for each.

    Returns:
        dict of name -> ndarray: "latents", float32 `[n, latent_dim]`; "labels", int64 `[n]`, where there are classes;
        what else the networks take.
    """
    values = {}
    if any(entry.name == TRUNCATION for entry in inputs.drawn):
        values[TRUNCATION], truncation = np.full(len(numbers), truncation, np.float32), 1.0
    for entry in inputs.drawn:
        if entry.name in values:
            continue
        if entry.name == LATENTS:
            values[LATENTS] = numbered_latents(numbers, entry.shape[0], seed, truncation, entry.distribution)
        elif entry.name == LABELS:
            drawn = label is None
            values[LABELS] = (
                numbered_labels(numbers, entry.classes, seed, entry.shares)
                if drawn
                else np.full(len(numbers), label, np.int64)
            )
        else:
            values[entry.name] = _numbered(numbers, entry, seed)
    return values


def _numbered(numbers: Sequence[int], entry: NetworkInput, seed: int | tf.Tensor) -> np.ndarray:
    """Values `[n, *shape]` of an input that an architecture adds; row i depends on the seed and its number alone."""
    streams = [np.random.default_rng((seed, number, 2 + _number_of(entry))) for number in numbers]
    if entry.classes:
        return np.stack([stream.integers(entry.classes, size=entry.shape) for stream in streams])
    if entry.distribution is None:
        return np.full((len(streams), *entry.shape), entry.value, np.float32)
    rows = np.stack([stream.standard_normal(math.prod(entry.shape), np.float32) for stream in streams])
    return transform_normals(entry.distribution, rows).reshape(len(streams), *entry.shape)


def render_numbered(
    function: Callable[..., Any] | keras.Model,
    numbers: Sequence[int],
    spec: ModelSpec,
    seed: int | tf.Tensor = 0,
    truncation: float = 1.0,
    label: int | str | None = None,
    inputs: NetworkInputs | None = None,
) -> np.ndarray:
    """Images of numbered latents and of what else the generator takes, such as labels.

    Args:
        function: what the generator takes -> float32 images `[batch, H, W, C]` in [-1, 1]. It is given latents
            `[batch, latent_dim]`, or a dict of ndarrays, by `inputs`.
        numbers: sequence of image numbers.
        spec: the generator's `ModelSpec`.
        seed: non-negative integer.
        truncation: factor on the latents in (0, 1].
        label: class of all images, its name or number; None draws one for each.
        inputs: `NetworkInputs`; by default bare latents, or latents and labels where the spec has classes.

    Returns:
        uint8 ndarray `[len(numbers), H, W, C]`; image i depends on the seed, its number and `label` alone.

    Raises:
        UserError: for a label that the generator does not have.
    """
    if inputs is None:
        inputs = NetworkInputs.of(spec, generator=(LATENTS, LABELS) if spec.num_classes else None)
    values = numbered_inputs(numbers, inputs, seed, truncation, spec.class_number(label))
    # One row of numbers an image: one array to cut into batches. Classes are exact in float32 below 2**24.
    rows = np.concatenate([np.float32(value).reshape(len(value), -1) for value in values.values()], axis=1)

    def render(part: np.ndarray) -> Any:
        widths = [math.prod(value.shape[1:]) for value in values.values()]
        columns = np.split(part, np.cumsum(widths)[:-1], axis=1)
        shaped = {
            name: column.reshape(-1, *value.shape[1:]).astype(value.dtype)
            for (name, value), column in zip(values.items(), columns, strict=True)
        }
        return function(inputs.for_generator(shaped))

    return pixels.render(render, rows)


def posterior_latents(z_mean: tf.Tensor, z_log_var: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """A draw from each posterior N(mean, exp(log variance)), through which gradients flow.

    Args:
        z_mean: float32 `[batch, latent_dim]`.
        z_log_var: float32 `[batch, latent_dim]`.
        noise: float32 `[batch, latent_dim]` from N(0, 1), as `sample_latents` gives it.

    Returns:
        float32 `[batch, latent_dim]`.
    """
    return z_mean + tf.exp(0.5 * z_log_var) * noise
