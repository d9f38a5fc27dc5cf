"""What a `VQVAE` asks of its networks: an encoder, a quantizer and a decoder that fit each other."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_transfer_gen import checks
from keras_transfer_gen.specs import ModelSpec


def check_networks(encoder: keras.Model, quantizer: keras.layers.Layer, decoder: keras.Model) -> None:
    """Raises a `UserError` where one network does not take what the one before it makes."""
    grid, images = tuple(encoder.output_shape[1:]), tuple(encoder.input_shape[1:])
    if len(grid) != 3:
        expected = "a model that makes vectors [batch, rows, columns, code_dim]"
        raise checks.user_error("encoder", expected, encoder.output_shape, "build_token_encoder makes such a model.")
    if grid[-1] != quantizer.code_dim:
        step = "Build both with the same code_dim=."
        raise checks.user_error("quantizer", f"one of vectors of length {grid[-1]}", quantizer.code_dim, step)
    if tuple(decoder.input_shape[1:]) != grid or tuple(decoder.output_shape[1:]) != images:
        expected = f"a model from {grid}, as the encoder makes them, to images {images}"
        received = f"one from {tuple(decoder.input_shape[1:])} to {tuple(decoder.output_shape[1:])}"
        step = "Build both with the same image_size=, channels=, downsampling= and code_dim=."
        raise checks.user_error("decoder", expected, received, step)


def check_discriminator(discriminator: Any, decoder: keras.Model) -> None:
    """Raises a `UserError` where a discriminator does not take the images that a decoder makes."""
    images = tuple(decoder.output_shape[1:])
    takes = discriminator.input_shape if isinstance(discriminator, keras.Model) else None
    if not isinstance(takes, tuple) or tuple(takes[1:]) != images:
        expected = f"a model of images {images}, as the decoder makes them"
        received = type(discriminator).__name__ if takes is None else takes
        step = "Build it with build_patch_discriminator and the same image_size= and channels=."
        raise checks.user_error("discriminator", expected, received, step)


def vq_spec(vq: Any) -> ModelSpec:
    """`ModelSpec` of a `VQVAE`'s images and of its prior's classes; a latent has a number for each token."""
    _, side, _, channels = vq.encoder.input_shape
    rows, columns = vq.prior_grid
    num_classes = 0 if vq.prior is None else vq.prior.network.num_classes
    return ModelSpec(
        image_size=side, channels=channels, latent_dim=rows * columns, distribution="uniform",
        num_classes=num_classes, class_names=list(vq.class_names) if num_classes else [],
        class_shares=list(vq.class_shares) if num_classes else [],
        arch="vqvae", family="vq", source=vq.source, licence=vq.licence,
    )  # fmt: skip


def check_prior(prior: Any, grid: tuple[int, ...], levels: int, num_codes: int) -> None:
    """Raises a `UserError` for what is no `TokenPrior` over a grid, or over the first of its levels."""
    network = getattr(prior, "network", None)
    received = None if network is None else (tuple(network.grid), network.num_codes)
    (rows, columns), first = grid, range(1, levels + 1)
    parts = [((rows // levels * number, columns), num_codes // levels * number) for number in first]
    if received not in parts:
        text = f"a TokenPrior over {rows} x {columns} tokens of {num_codes} codes"
        if levels > 1:
            text += f", or over those of the first of {levels} levels"
        raise checks.user_error("prior", text, prior if received is None else received)


def check_tokens(tokens: Any, grid: tuple[int, ...], num_codes: int, levels: int = 1) -> np.ndarray:
    """Returns tokens as an ndarray `[n, rows, columns]`, or raises a `UserError`; those of the first levels will do."""
    tokens, (rows, columns) = np.asarray(tokens), grid
    shapes = [(rows // levels * number, columns) for number in range(1, levels + 1)]
    if tokens.ndim != 3 or tokens.shape[1:] not in shapes or not len(tokens) or tokens.dtype.kind not in "iu":
        expected = f"integers [n, {rows}, {columns}], n at least 1"
        raise checks.user_error("tokens", expected, f"{tokens.dtype.name} {tokens.shape}")
    if tokens.min() < 0 or tokens.max() >= num_codes:
        expected = f"numbers from 0 to {num_codes - 1}"
        raise checks.user_error("tokens", expected, f"numbers from {tokens.min()} to {tokens.max()}")
    return tokens


def tokens_a_place(quantizer: keras.layers.Layer) -> int:
    """How many tokens a quantizer gives a place, one below the other in the grid: its levels, or 1."""
    return getattr(quantizer, "depth", 1)
