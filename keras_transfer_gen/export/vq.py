"""A VQ-VAE as a `Servable`: sampler, encoder and decoder, each a float32 copy."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen.export.float32_copy import float32_copy
from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.servable import Servable, ServedFunction
from keras_transfer_gen.specs import ModelSpec

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Shape

PARTS = {"sampler": "serve", "encoder": "encode", "decoder": "decode"}  # of which a TFLite file holds one


@dataclasses.dataclass(frozen=True)
class VqNetworks:
    """What is exported of a VQ-VAE.

    Args:
        sampler: latents (and labels) -> images.
        encoder: images -> vectors.
        decoder: codes -> images.
        quantizer: layer with `tokens` and `lookup`, which computes in float32.
        spec: `ModelSpec`.
    """

    sampler: keras.Model
    encoder: keras.Model
    decoder: keras.Model
    quantizer: keras.layers.Layer
    spec: ModelSpec


def vq_servable(networks: VqNetworks) -> Servable:
    """What is exported of a VQ-VAE, in float32. Images are float32 `[N, S, S, C]` in [-1, 1] but for "uint8".

    - "serve", "uint8", "generate" and "generate_png": as of a generator, see `generator_servable`; the whole loop over
      the tokens is inside.
    - "encode": `images` -> `tokens` int32 `[N, rows, columns]`.
    - "decode": `tokens` -> `images`.

    Args:
        networks: `VqNetworks`; they are not changed.

    Returns:
        `Servable`.
    """
    served = generator_servable(networks.sampler, networks.spec)
    drawing = {name: dataclasses.replace(function, chooses=True) for name, function in served.functions.items()}
    encoder, decoder = float32_copy(networks.encoder), float32_copy(networks.decoder)
    quantizer = copy_quantizer(networks.quantizer, networks.encoder.output_shape)

    def encode(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"tokens": quantizer.tokens(encoder(images, training=False))}

    def decode(tokens: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": tf.cast(decoder(quantizer.lookup(tokens), training=False), tf.float32)}

    images = np.asarray(served.functions["serve"].expected["images"])
    tokens = np.asarray(encode(tf.constant(images))["tokens"])
    size, channels = networks.spec.image_size, networks.spec.channels
    image_spec = tf.TensorSpec((None, size, size, channels), tf.float32, name="images")
    token_spec = tf.TensorSpec((None, *tokens.shape[1:]), tf.int32, name="tokens")
    decoded = np.asarray(decode(tf.constant(tokens))["images"])
    functions = {
        **drawing,
        "encode": ServedFunction(encode, (image_spec,), {"images": images}, {"tokens": tokens}, chooses=True),
        "decode": ServedFunction(decode, (token_spec,), {"tokens": tokens}, {"images": decoded}),
    }
    variables = [*served.variables, *encoder.variables, *decoder.variables, *quantizer.variables]
    return Servable(
        networks.spec, functions, variables, PARTS, {**served.networks, "encoder": encoder, "decoder": decoder}
    )


def copy_quantizer(quantizer: keras.layers.Layer, shape: Shape) -> keras.layers.Layer:
    """A copy of a quantizer, built for vectors `shape`, that shares nothing with it."""
    copy = type(quantizer).from_config(quantizer.get_config())
    copy.build(shape)
    copy.set_weights(quantizer.get_weights())
    return copy
