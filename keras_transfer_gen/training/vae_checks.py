"""What a `VAE` asks of its networks: an encoder and a decoder that fit each other."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import keras

from keras_transfer_gen import checks
from keras_transfer_gen.network_inputs import bare_input_shape
from keras_transfer_gen.training import functional_form

if TYPE_CHECKING:
    from keras_transfer_gen.specs import ModelSpec


def functional_pair(
    encoder: keras.Model, decoder: keras.Model, spec: ModelSpec | None = None
) -> tuple[keras.Model, keras.Model]:
    """Both networks as functional models; see `functional_form.as_functional`.

    Args:
        encoder: `keras.Model`: functional, sequential or subclassed.
        decoder: the same.
        spec: `ModelSpec`, or None where one of the networks is to tell the shapes of the other.

    Raises:
        UserError: where one is no model, or its shapes can't be found.
    """
    images = None
    if spec is not None:
        images = functional_form.image_input((spec.image_size, spec.image_size, spec.channels))
    elif not functional_form.is_functional(encoder):
        decoder = functional_form.as_functional(decoder, "decoder")
        images = functional_form.image_input(decoder.output_shape[1:])
    encoder = functional_form.as_functional(encoder, "encoder", images)
    latents = keras.Input(encoder.outputs[0].shape[1:], name="latents")
    return encoder, functional_form.as_functional(decoder, "decoder", latents)


def check_shapes(encoder: keras.Model, decoder: keras.Model) -> int:
    """The latent size of two networks that fit each other.

    Args:
        encoder: model from images to two tensors, mean and log variance.
        decoder: model from latents to images.

    Returns:
        int, length of a latent vector.

    Raises:
        UserError: where the encoder has not two equal outputs, the decoder does not take latents of their size, or the
            images of the two differ.
    """
    outputs = encoder.output_shape
    pair = isinstance(outputs, (list, tuple)) and len(outputs) == 2 and all(isinstance(o, tuple) for o in outputs)
    if not pair or outputs[0] != outputs[1] or len(outputs[0]) != 2:
        expected = "a model with two outputs [batch, latent_dim], mean and log variance"
        raise checks.user_error("encoder", expected, outputs, "build_conv_vae_encoder makes such a model.")
    latent_dim = outputs[0][-1]
    takes = bare_input_shape(decoder)
    if takes != (None, latent_dim):
        expected = f"a model of latents [batch, {latent_dim}], as the encoder gives them"
        raise checks.user_error("decoder", expected, takes, "Build both with the same latent_dim=.")
    shape, makes = (bare_input_shape(encoder) or (None,))[1:], tuple(decoder.output_shape[1:])
    if shape != makes:
        expected = f"a model that makes images {shape}, as the encoder takes them"
        raise checks.user_error("decoder", expected, makes, "Build both with the same image_size= and channels=.")
    return latent_dim


def vae_spec(spec: ModelSpec, latent_dim: int) -> ModelSpec:
    """`spec` as one of a VAE; a `UserError` where its latents are of another size than the networks'."""
    if spec.latent_dim != latent_dim:
        raise checks.user_error("spec", f"one of {latent_dim} latent dimensions, as the networks have", spec.latent_dim)
    return dataclasses.replace(spec, family="vae")
