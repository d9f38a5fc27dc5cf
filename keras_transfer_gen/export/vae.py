"""A VAE as a `Servable`: sampler, encoder and decoder, checked against float32 copies, with the prior inside."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.export.float32_copy import LOW_PRECISION_TOLERANCE, float32_copy, has_low_precision
from keras_transfer_gen.export.numbered_images import add_numbered_images
from keras_transfer_gen.export.parity import check_parity, probe_latents
from keras_transfer_gen.export.servable import Servable, ServedFunction, as_uint8
from keras_transfer_gen.export.vae_parts import distribution_files

PARTS = {"sampler": "serve", "encoder": "encode", "decoder": "decode"}  # of which a TFLite file holds one


def vae_servable(vae: keras.Model) -> Servable:
    """What is exported of a VAE, in float32. All images are float32 `[N, S, S, C]` in [-1, 1] but for "uint8".

    - "serve": `latents` `[N, latent_dim]` from N(0, 1), whatever the prior, -> `images` of draws from the prior.
    - "uint8": the same -> `images` uint8 0..255.
    - "encode": `images` -> `z_mean`, `z_log_var`, float32 `[N, latent_dim]`.
    - "decode": `latents` as "encode" gives them -> `images`.
    - "reconstruct": `images` -> `images`.
    - "generate" and "generate_png": see `add_numbered_images`.

    Args:
        vae: `VAE`; it is not changed.

    Returns:
        `Servable`, whose extras are the prior and the likelihood.

    Raises:
        UserError: inside a strategy's scope.
        ExportError: where the float32 copies give other images than the VAE.
    """
    copy = float32_vae(vae)
    size, spec = vae.spec.image_size, vae.spec
    image_spec = tf.TensorSpec((None, size, size, spec.channels), tf.float32, name="images")
    latent_spec = tf.TensorSpec((None, spec.latent_dim), tf.float32, name="latents")
    noise = probe_latents(spec.latent_dim)
    images = np.asarray(copy.sample(noise))

    def served(
        compute: Callable[..., dict[str, tf.Tensor]], spec: tf.TensorSpec, example: np.ndarray
    ) -> ServedFunction:
        outputs = {name: np.asarray(value) for name, value in compute(tf.constant(example)).items()}
        return ServedFunction(compute, (spec,), {spec.name: example}, outputs)

    serve = served(copy.serve, latent_spec, noise)
    functions = {
        "serve": serve,
        "uint8": as_uint8(serve),
        "encode": served(copy.encode, image_spec, images),
        "decode": served(copy.decode, latent_spec, noise),
        "reconstruct": served(copy.reconstruct, image_spec, images),
    }
    networks = {"encoder": copy.encoder, "decoder": copy.decoder, "prior": copy.prior}
    variables = [variable for network in networks.values() for variable in network.variables]
    functions = add_numbered_images(functions, spec)
    return Servable(spec, functions, variables, PARTS, networks, distribution_files(vae))


@dataclasses.dataclass(frozen=True)
class Float32VAE:
    """The networks of a VAE in float32, and its prior.

    Args:
        encoder: `keras.Model`, images `[batch, S, S, C]` in [-1, 1] -> [mean, log variance].
        decoder: `keras.Model`, latents `[batch, latent_dim]` -> images.
        prior: the VAE's own `protocols.Prior`.
    """

    encoder: keras.Model
    decoder: keras.Model
    prior: Any

    def sample(self, noise: Any) -> tf.Tensor:
        """Standard normal `[batch, latent_dim]` -> images of draws from the prior."""
        return tf.cast(self.decoder(self.prior(noise), training=False), tf.float32)

    def serve(self, latents: np.ndarray | tf.Tensor) -> dict[str, tf.Tensor]:
        """`sample`, as it is exported."""
        return {"images": self.sample(latents)}

    def encode(self, images: np.ndarray | tf.Tensor) -> dict[str, tf.Tensor]:
        """Images -> means and log variances of their posteriors."""
        mean, log_var = self.encoder(images, training=False)
        return {"z_mean": mean, "z_log_var": log_var}

    def decode(self, latents: tf.Tensor) -> dict[str, tf.Tensor]:
        """Latents as `encode` gives them -> images."""
        return {"images": tf.cast(self.decoder(latents, training=False), tf.float32)}

    def reconstruct(self, images: np.ndarray | tf.Tensor) -> dict[str, tf.Tensor]:
        """Images -> images of the means of their posteriors."""
        return self.decode(self.encode(images)["z_mean"])


def float32_vae(vae: keras.Model) -> Float32VAE:
    """The `Float32VAE` of a `VAE`, of which nothing changes.

    Raises:
        UserError: inside a strategy's scope.
        ExportError: where it does not give the images of the VAE.
    """
    copy = Float32VAE(float32_copy(vae.encoder), float32_copy(vae.decoder), vae.prior)
    tolerance = LOW_PRECISION_TOLERANCE if any(map(has_low_precision, vae.roles.values())) else 1.0
    noise = probe_latents(vae.spec.latent_dim)
    images = vae.decode(np.asarray(vae.prior(noise)))
    check_parity(images, pixels.to_uint8(copy.sample(noise)), tolerance, "The float32 copy")
    again = pixels.to_uint8(copy.reconstruct(pixels.to_model_range(images))["images"])
    check_parity(vae.reconstruct(images), again, tolerance, "The float32 copy of both networks")
    return copy
