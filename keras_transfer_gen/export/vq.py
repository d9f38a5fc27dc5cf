"""A VQ-VAE as a `Servable`: sampler, encoder and decoder, each a float32 copy."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from keras_transfer_gen.export.float32_copy import float32_copy
from keras_transfer_gen.export.generator import generator_servable
from keras_transfer_gen.export.servable import Servable, ServedFunction
from keras_transfer_gen.specs import ModelSpec

PARTS = {"sampler": "serve", "encoder": "encode", "decoder": "decode"}  # of which a TFLite file holds one


@dataclasses.dataclass(frozen=True)
class VqNetworks:
    """What is exported of a VQ-VAE.

    Args:
        sampler: latents (and labels) -> images.
        encoder: images -> vectors.
        decoder: codes -> images.
        codebook: float32 `[num_codes, code_dim]`.
        spec: `ModelSpec`.
    """

    sampler: keras.Model
    encoder: keras.Model
    decoder: keras.Model
    codebook: np.ndarray
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
    encoder, decoder = float32_copy(networks.encoder), float32_copy(networks.decoder)
    codebook = keras.Variable(networks.codebook, dtype="float32", trainable=False, name="codebook")
    _, rows, columns, code_dim = networks.decoder.input_shape

    def encode(images: tf.Tensor) -> dict[str, tf.Tensor]:
        vectors = tf.reshape(tf.cast(encoder(images, training=False), tf.float32), (-1, code_dim))
        codes = codebook.value
        distances = tf.reduce_sum(tf.square(codes), 1) - 2.0 * tf.matmul(vectors, codes, transpose_b=True)
        return {"tokens": tf.reshape(tf.argmin(distances, 1, tf.int32), (-1, rows, columns))}

    def decode(tokens: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": tf.cast(decoder(tf.gather(codebook.value, tokens), training=False), tf.float32)}

    images = np.asarray(served.functions["serve"].expected["images"])
    tokens = np.asarray(encode(tf.constant(images))["tokens"])
    size, channels = networks.spec.image_size, networks.spec.channels
    image_spec = tf.TensorSpec((None, size, size, channels), tf.float32, name="images")
    token_spec = tf.TensorSpec((None, rows, columns), tf.int32, name="tokens")
    decoded = np.asarray(decode(tf.constant(tokens))["images"])
    functions = {
        **served.functions,
        "encode": ServedFunction(encode, (image_spec,), {"images": images}, {"tokens": tokens}),
        "decode": ServedFunction(decode, (token_spec,), {"tokens": tokens}, {"images": decoded}),
    }
    variables = [*served.variables, *encoder.variables, *decoder.variables, codebook]
    return Servable(
        networks.spec, functions, variables, PARTS, {**served.networks, "encoder": encoder, "decoder": decoder}
    )
