"""How likely a VQ-VAE's prior finds images: nats per image and bits per token."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from keras_transfer_gen.training.vqvae import VQVAE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras_transfer_gen.data.lazy_images import LazyImages


MEANINGS = {
    "nats": "per image: minus the log-likelihood of its tokens, without a class; lower is better",
    "bits_per_token": "the same, for each token",
}


def nats_of(vq: VQVAE, images: np.ndarray | LazyImages, row: int | None = None) -> float:
    """Mean of minus the log-likelihood of the tokens of images, nats per image.

    Args:
        vq: `VQVAE` with a prior.
        images: uint8 `[N, H, W, C]`.
        row: number of a class; None for "no class".
    """
    return float(np.mean(nats_of_each(vq, images, row)))


def nats_of_each(vq: VQVAE, images: np.ndarray | LazyImages, row: int | None = None) -> np.ndarray:
    """float32 `[N]`: minus the log-likelihood of the tokens of each image; see `nats_of`."""
    labels = None if row is None else np.full(len(images), row)
    return vq.prior.nats(vq.encode(images), labels)


def nats_change(before: Sequence[float] | np.ndarray, after: Sequence[float] | np.ndarray) -> dict[str, float] | None:
    """How the nats of images changed, and whether that may be chance.

    Args:
        before: nats of each image, by one prior.
        after: nats of the same images, by another one.

    Returns:
        dict: "value", the mean of after less before; "std", its standard error; "p" of a paired t-test, 1 where
        nothing changed. None for fewer than two images.

    Example:
        >>> nats_change([4.0, 6.0], [3.0, 5.0])["value"]
        -1.0
    """
    change = np.subtract(after, before, dtype=np.float64)
    if len(change) < 2:
        return None
    error = float(np.std(change, ddof=1) / math.sqrt(len(change)))
    p = 2.0 * stats.t.sf(abs(change.mean()) / error, len(change) - 1) if error else float(not change.any())
    return {"value": float(change.mean()), "std": error, "p": float(p)}


def nats_rows(values: dict[str, float]) -> list[tuple[str, str, str]]:
    """(name, value, meaning) of what `measure_nats` found among some values, as text."""
    return [(name, f"{values[name]:.4g}", meaning) for name, meaning in MEANINGS.items() if name in values]


def bits_per_token(nats: float, vq: VQVAE) -> float:
    """Nats per image as bits for each of its tokens."""
    return nats / math.prod(vq.prior_grid) / math.log(2.0)


def measure_nats(model: Any, images: np.ndarray | LazyImages) -> dict[str, float]:
    """{"nats", "bits_per_token"} of images, without a class; {} for every model but a `VQVAE` with a prior."""
    if not isinstance(model, VQVAE) or model.prior is None:
        return {}
    nats = nats_of(model, images)
    return {"nats": nats, "bits_per_token": bits_per_token(nats, model)}
