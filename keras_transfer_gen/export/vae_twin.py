"""A float32 twin of a VAE's parts, to be exported while the trained ones stay as they are."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen import pixels
from keras_transfer_gen.export.float32 import LOW, LOW_TOLERANCE, float32_copy
from keras_transfer_gen.export.parity import check_parity, probe_latents


@dataclasses.dataclass(frozen=True)
class VAETwin:
    """What is exported of a VAE.

    Args:
        encoder: `keras.Model` in float32, images `[batch, S, S, C]` in [-1, 1] -> [mean, log variance].
        decoder: `keras.Model` in float32, latents `[batch, latent_dim]` -> images.
        prior: the VAE's own `protocols.Prior`.
    """

    encoder: keras.Model
    decoder: keras.Model
    prior: object

    def sample(self, noise):
        """Standard normal `[batch, latent_dim]` -> images of draws from the prior."""
        return tf.cast(self.decoder(self.prior(noise), training=False), tf.float32)

    def reconstruct(self, images):
        """Images -> images of the means of their posteriors."""
        return tf.cast(self.decoder(self.encoder(images, training=False)[0], training=False), tf.float32)


def float32_vae(vae):
    """The `VAETwin` of a `VAE`, of which nothing changes.

    Raises:
        UserError: inside a strategy's scope.
        ExportError: where the twin does not make the images of the VAE.
    """
    twin = VAETwin(float32_copy(vae.encoder), float32_copy(vae.decoder), vae.prior)
    low = any(layer.dtype_policy.name in LOW for network in vae.roles.values() for layer in network.layers)
    noise = probe_latents(vae.spec.latent_dim)
    made = vae.decode(np.asarray(vae.prior(noise)))
    tolerance = LOW_TOLERANCE if low else 1.0
    check_parity(made, pixels.to_uint8(twin.sample(noise)), tolerance, "The float32 copy")
    remade = pixels.to_uint8(twin.reconstruct(pixels.to_model_range(made)))
    check_parity(vae.reconstruct(made), remade, tolerance, "The float32 copy of both networks")
    return twin
