"""How likely a VQ-VAE's prior finds images: nats per image and bits per token."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer_gen.training.vqvae import VQVAE

if TYPE_CHECKING:
    from keras_transfer_gen.data.lazy_images import LazyImages


def nats_of(vq: VQVAE, images: np.ndarray | LazyImages, row: int | None = None) -> float:
    """Mean of minus the log-likelihood of the tokens of images, nats per image.

    Args:
        vq: `VQVAE` with a prior.
        images: uint8 `[N, H, W, C]`.
        row: number of a class; None for "no class".
    """
    labels = None if row is None else np.full(len(images), row)
    return float(np.mean(vq.prior.nats(vq.encode(images), labels)))


def bits_per_token(nats: float, vq: VQVAE) -> float:
    """Nats per image as bits for each of its tokens."""
    return nats / math.prod(vq.prior_grid) / math.log(2.0)


def measure_nats(model: Any, images: np.ndarray | LazyImages) -> dict[str, float]:
    """{"nats", "bits_per_token"} of images, without a class; {} for every model but a `VQVAE` with a prior."""
    if not isinstance(model, VQVAE) or model.prior is None:
        return {}
    nats = nats_of(model, images)
    return {"nats": nats, "bits_per_token": bits_per_token(nats, model)}
