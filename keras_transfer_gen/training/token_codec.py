"""Arrays through the networks of a `VQVAE`, in batches: images to tokens, tokens to images, tokens of the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.specs import check_truncation
from keras_transfer_gen.training import fit_data, latents
from keras_transfer_gen.training.vqvae_checks import check_tokens

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import Array, Images


def encode_images(vq: Any, images: Images) -> np.ndarray:
    """The tokens of images: int32 `[n, rows, columns]`.

    Args:
        vq: `VQVAE`.
        images: uint8 `[n, H, W, C]`, what `load_images` returns, or a finite `tf.data.Dataset` of batches.

    Raises:
        UserError: for images of another shape or type.
    """
    images = fit_data.all_images(images, vq.decoder.output_shape)
    size = pixels.RENDER_BATCH
    batches = (images[first : first + size] for first in range(0, len(images), size))
    return np.concatenate([batch_tokens(vq, pixels.to_model_range(batch)).numpy() for batch in batches])


def batch_tokens(vq: Any, images: tf.Tensor) -> tf.Tensor:
    """float32 `[batch, H, W, C]` in [-1, 1] -> int32 `[batch, rows, columns]`, in a graph too."""
    return vq.quantizer.tokens(vq.encoder(images, training=False))


def decode_tokens(vq: Any, tokens: Array) -> np.ndarray:
    """The images of tokens: uint8 `[n, H, W, C]`.

    Args:
        vq: `VQVAE`.
        tokens: int `[n, rows, columns]`, numbers of codes, of all levels or the first ones.

    Raises:
        UserError: for an array of another shape, or with numbers that are no codes.
    """
    tokens = check_tokens(tokens, vq.grid, vq.quantizer.num_codes, vq.depth)
    grid = tokens.shape[1:]
    flat = tokens.reshape(len(tokens), -1).astype(np.float32)  # exact below 2**24

    def images_of(rows: tf.Tensor) -> tf.Tensor:
        return vq.decoder(codes_of(vq, tf.reshape(tf.cast(rows, tf.int32), (-1, *grid))))

    return pixels.render(images_of, flat)


def codes_of(vq: Any, tokens: tf.Tensor) -> tf.Tensor:
    """int `[batch, rows, columns]`, of all levels or the first ones, -> float32 `[batch, h, w, code_dim]`."""
    levels = tokens.shape[1] * vq.depth // vq.grid[0]
    return vq.quantizer.lookup(tokens) if levels == vq.depth else vq.quantizer.lookup(tokens, levels)


def draw_grids(
    vq: Any,
    num: int,
    seed: int,
    truncation: float | None = None,
    label: int | str | None = None,
    start: int = 0,
    temperature: float | None = None,
    top_k: int | None = None,
    guidance: float | None = None,
) -> np.ndarray:
    """Grids of tokens from the prior of a `VQVAE`: int32 `[num, rows, columns]`.

    Args:
        vq: `VQVAE`.
        num: see `VQVAE.generate`, as the others.
        seed: see there.
        truncation: see there.
        label: see there.
        start: see there.
        temperature: see there.
        top_k: see there.
        guidance: see there.

    Raises:
        UserError: where there is no prior, or for a value out of range.
    """
    if vq.prior is None:
        raise checks.UserError("the VQVAE has no prior to draw from. Set one with vq.set_prior(prior).")
    num = checks.check_integer("num", num, next_step="Ask for at least one image with num= or --num.")
    start = checks.check_integer("start", start, least=0)
    seed = checks.check_integer("seed", seed, least=0, next_step="Give a whole number with seed= or --seed.")
    if truncation is not None:
        own = vq.prior.temperature if temperature is None else temperature
        temperature = own * check_truncation(truncation)
    labels = latents.numbered_classes(range(start, start + num), vq.spec, seed, label)
    return vq.prior.draw(num, seed, labels, start=start, temperature=temperature, top_k=top_k, guidance=guidance)
