"""The evidence lower bound (ELBO) of images, from numbered draws: no batch, order or device changes it."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, pixels, variational
from keras_transfer_gen.network_inputs import bare_input_shape, wrap_input
from keras_transfer_gen.training import latents

if TYPE_CHECKING:
    import keras

    from keras_transfer_gen.training.vae import VAE


# encoder -> (types that its layers compute in, its graph)
_ENCODERS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True)
class Elbo:
    """What each of N images costs, for each of k draws from its posterior; in nats.

    Args:
        log_likelihood: float32 `[N, k]`.
        divergence: float32 `[N, k]`, from the prior; the same in each draw where it has a closed form.
        log_weights: float32 `[N, k]`, log p(x | z) + log p(z) - log q(z | x).
        z_mean: float32 `[N, latent_dim]`.
        dimensions: numbers in an image.
    """

    log_likelihood: np.ndarray
    divergence: np.ndarray
    log_weights: np.ndarray
    z_mean: np.ndarray
    dimensions: int

    def summary(self) -> dict[str, float]:
        """dict of float: elbo, reconstruction_loss, kl_loss, importance_bound (nats per image), bits_per_dim, units."""
        reconstruction = -float(self.log_likelihood.mean(dtype=np.float64))
        divergence = float(self.divergence.mean(dtype=np.float64))
        elbo = -(reconstruction + divergence)
        return {
            "elbo": elbo,
            "reconstruction_loss": reconstruction,
            "kl_loss": divergence,
            "importance_bound": float(variational.importance_bound(self.log_weights).mean()),
            "bits_per_dim": variational.bits_per_dim(elbo, self.dimensions),
            "active_units": float(variational.active_units(self.z_mean)) if len(self.z_mean) > 1 else float("nan"),
        }


def measure_elbo(vae: VAE, images: np.ndarray, samples: int = 16, seed: int | tf.Tensor = 0) -> Elbo:
    """The ELBO of images and its parts.

    Args:
        vae: `VAE`.
        images: uint8 `[N, H, W, C]`.
        samples: draws from each posterior; more of them make the importance-weighted bound tighter.
        seed: of the draws; draw j of image i depends on it, i and j alone.

    Returns:
        `Elbo`.

    Raises:
        UserError: for fewer than 1 draw.
    """
    samples = checks.check_integer("samples", samples)
    z_mean, z_log_var = encode_images(vae.encoder, images)
    dim = z_mean.shape[1]
    batches = []
    parts = _traced(vae)
    for rows, batch in _padded(images, z_mean, z_log_var, np.arange(len(images))):
        real, mean, log_var, numbers = batch
        noise = latents.numbered_latents(numbers, samples * dim, seed).reshape(len(numbers), samples, dim)
        draws = [parts(*map(tf.constant, (real, mean, log_var, noise[:, j]))) for j in range(samples)]
        batches.append(np.stack([np.stack([part.numpy() for part in draw]) for draw in draws], axis=-1)[:, :rows])
    likelihood, divergence, weights = np.concatenate(batches, axis=1)
    return Elbo(likelihood, divergence, weights, z_mean, int(np.prod(images.shape[1:])))


def encode_images(encoder: keras.Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(means, log variances), float32 `[N, latent_dim]` each, of uint8 images, in batches of one fixed size."""
    traced = _traced_encoder(encoder)
    batches = []
    for rows, (batch,) in _padded(images):
        batches.append([tf.cast(part, tf.float32).numpy()[:rows] for part in traced(tf.constant(batch))])
    mean, log_var = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return mean, log_var


def _traced_encoder(encoder: keras.Model) -> Any:
    """An encoder of uint8 images as a graph, traced once for each precision.

    The graph holds a weak reference to the encoder, so that both are freed together.
    """
    kinds = tuple(layer.compute_dtype for layer in encoder._flatten_layers())
    known, graph = _ENCODERS.get(encoder, (None, None))
    if known != kinds:
        weak = weakref.ref(encoder)
        spec = tf.TensorSpec((pixels.RENDER_BATCH, *bare_input_shape(encoder)[1:]), tf.uint8)

        def encode(batch: tf.Tensor) -> list[tf.Tensor]:
            network = weak()
            return network(wrap_input(network, pixels.to_model_range(batch)), training=False)

        graph = tf.function(encode, autograph=False)
        graph = graph.get_concrete_function(spec)
        _ENCODERS[encoder] = kinds, graph
    return graph


def _traced(vae: VAE) -> Any:
    """`_parts` of a VAE as a graph, traced for each call: the prior and the precision may have changed."""
    shapes = [(tf.uint8, vae.decoder.output_shape[1:]), *[(tf.float32, (vae.spec.latent_dim,))] * 3]
    specs = [tf.TensorSpec((pixels.RENDER_BATCH, *shape), dtype) for dtype, shape in shapes]
    return tf.function(lambda *tensors: _parts(vae, *tensors), autograph=False).get_concrete_function(*specs)


def _parts(
    vae: VAE, images: tf.Tensor, mean: tf.Tensor, log_var: tf.Tensor, noise: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """(log-likelihood, divergence, log weight) of a batch at one draw, float32 `[batch]` each."""
    z = latents.posterior_latents(mean, log_var, noise)
    real = pixels.to_model_range(images)
    likelihood = vae.likelihood.log_likelihood(real, vae.decoder(wrap_input(vae.decoder, z), training=False))
    divergence = tf.reduce_sum(vae.prior.kl_terms(mean, log_var, z), axis=-1)
    weight = likelihood + vae.prior.log_prob(z) - variational.normal_log_density(z, mean, log_var)
    return likelihood, divergence, weight


def _padded(*arrays: np.ndarray) -> Iterator[tuple[int, list[np.ndarray]]]:
    """(rows, parts of the arrays) again and again; the last parts are filled up with copies of their first row."""
    size = pixels.RENDER_BATCH
    for first in range(0, len(arrays[0]), size):
        parts = [array[first : first + size] for array in arrays]
        rows = len(parts[0])
        yield rows, [np.concatenate([part, np.repeat(part[:1], size - rows, axis=0)]) for part in parts]
