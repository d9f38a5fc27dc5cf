"""What the tools ask of a model that encodes images, a VAE or a VQ-VAE: latents or tokens, and arcs between them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen import checks, pixels
from keras_transfer_gen.maths.latent_arithmetic import spherical_interpolation
from keras_transfer_gen.recipes.models.load_vae import load_vae
from keras_transfer_gen.recipes.models.load_vq import load_vq
from keras_transfer_gen.recipes.models.resolve import ModelRef, resolve_model
from keras_transfer_gen.training.latents import numbered_latents
from keras_transfer_gen.training.vae import VAE
from keras_transfer_gen.training.vqvae import VQVAE

if TYPE_CHECKING:
    from keras_transfer_gen.aliases import PathLike

LOADERS = {"vq": lambda ref, trust: load_vq(ref)}  # by family; all others are VAEs, or refused as such


def open_autoencoder(model: PathLike | ModelRef | VAE | VQVAE, trust: bool = False) -> VAE | VQVAE:
    """The given model, or the one behind its name; errors name the argument `model`.

    Args:
        model: `VAE`, `VQVAE`, or what `load_vae` or `load_vq` takes.
        trust: whether you vouch for a model from the web.
    """
    if not isinstance(model, (str, os.PathLike, ModelRef)):
        return model
    with checks.named(source="model"):
        ref = resolve_model(model, trust)
        return LOADERS.get(ref.family, load_vae)(ref, trust)


def encode_images(model: VAE | VQVAE, images: np.ndarray) -> dict[str, np.ndarray]:
    """What images are encoded to, by the names in a file; the first is what `model.decode` takes.

    Args:
        model: `VAE` or `VQVAE`.
        images: uint8 `[N, S, S, C]`.

    Returns:
        dict: "z_mean" and "z_log_var" float32 `[N, latent_dim]`, or "tokens" int32 `[N, rows, columns]`.
    """
    if isinstance(model, VQVAE):
        return {"tokens": model.encode(images)}
    z_mean, z_log_var = model.encode(images)
    return {"z_mean": z_mean, "z_log_var": z_log_var}


def codes_of(model: VAE | VQVAE, images: np.ndarray) -> np.ndarray:
    """What `model.decode` takes for images: the first array of `encode_images`."""
    return next(iter(encode_images(model, images).values()))


def arc_between(model: VAE | VQVAE, ends: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Images on the way between two images.

    Args:
        model: `VAE`, whose latents are joined by an arc, or `VQVAE`, whose codes are mixed place by place.
        ends: uint8 `[2, S, S, C]`.
        shares: float `[F]` from 0, the first image, to 1.

    Returns:
        uint8 `[F, S, S, C]`.
    """
    first, last = codes_of(model, ends)
    if not isinstance(model, VQVAE):
        return model.decode(spherical_interpolation(first, last, shares))
    return _mixed(model, first, last, shares)


def circle_through_draws(model: VAE | VQVAE, turns: int, shares: np.ndarray, seed: int) -> np.ndarray:
    """Images on a way through a few drawn ones and back to the first: uint8 `[turns * len(shares), S, S, C]`."""
    if isinstance(model, VQVAE):
        drawn = codes_of(model, model.generate(turns, seed=seed))
        parts = [_mixed(model, drawn[n], drawn[(n + 1) % turns], shares) for n in range(turns)]
        return np.concatenate(parts)
    corners = numbered_latents(range(turns), model.spec.latent_dim, seed)
    arcs = [spherical_interpolation(corners[n], corners[(n + 1) % turns], shares) for n in range(turns)]
    return model.decode(np.asarray(model.prior(np.concatenate(arcs))))


def _mixed(vq: VQVAE, first: np.ndarray, last: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Images of mixtures of the codes of two grids of tokens."""
    codes = [np.asarray(vq.quantizer.lookup(tokens[None])) for tokens in (first, last)]
    shares = np.asarray(shares, np.float32)[:, None, None, None]
    mixed = (1 - shares) * codes[0] + shares * codes[1]
    shape = mixed.shape[1:]

    def images_of(rows: Any) -> tf.Tensor:
        return vq.decoder(tf.reshape(rows, (-1, *shape)), training=False)

    return pixels.render(images_of, mixed.reshape(len(mixed), -1))
