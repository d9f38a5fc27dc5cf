"""The scores of a trained VQ-VAE: nats of images put aside, reconstructions, and what every family measures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_transfer_gen.metrics.token_runs import longest_runs
from keras_transfer_gen.recipes.scoring.nats import bits_per_token, nats_change, nats_of, nats_of_each
from keras_transfer_gen.recipes.scoring.run_scores import all_scores, score_draws
from keras_transfer_gen.recipes.training.family import Scores

if TYPE_CHECKING:
    from keras_transfer_gen.data.lazy_images import LazyImages
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.training.vqvae import VQVAE

COMPARED = 1000  # training images whose tokens drawn ones are compared with, at most
DRAWN = 200  # generated images that are compared


def reconstruction_scores(vq: VQVAE, images: np.ndarray | LazyImages) -> dict[str, float]:
    """{"psnr": dB, "ssim": at most 1} of images and their reconstructions."""
    again = vq.reconstruct(images)
    return {
        "psnr": float(np.mean(tf.image.psnr(images, again, 255))),
        "ssim": float(np.mean(tf.image.ssim(tf.constant(images), tf.constant(again), 255))),
    }


def score(run: Run, images: RunImages, tuned: Training, scratch: Training | None) -> Scores:
    """Measures a trained VQ-VAE.

    Args:
        run: `Run`.
        images: `RunImages`.
        tuned: `Training` of the run.
        scratch: `Training` from scratch, or None.
    """
    vq, notes, rival = tuned.model, run.notes, None
    after, generated, features = score_draws(vq, images.reference, "after", run.reporter)
    if scratch is not None:
        rival, _, _ = score_draws(scratch.model, images.reference, "scratch", run.reporter)
    holdout = images.holdout
    # A list, a number for each image; RUNs that were begun before that was noted have the mean alone.
    before, after_each = notes.get("nats_before"), nats_of_each(vq, holdout)
    nats = float(np.mean(after_each))
    metrics = {
        "nats_before": None if before is None else float(np.mean(before)),
        "nats_after": nats,
        "nats_change": nats_change(before, after_each) if isinstance(before, list) else None,
        "nats_scratch": None if scratch is None else nats_of(scratch.model, holdout),
        "nats_images": {"count": len(holdout), "reference": images.holdout_name},
        "bits_per_token": bits_per_token(nats, vq),
        "reconstruction_before": notes.get("reconstruction_before"),
        "reconstruction_after": reconstruction_scores(vq, holdout),
        "token_runs": _token_runs(vq, images, generated[:DRAWN]),
        **all_scores(notes, after, rival),
        "precision_before": notes.get("precision_before"),
        "recall_before": notes.get("recall_before"),
        "kid_floor": notes.get("kid_floor"),
        "kimg": vq.kimg,
        "best_kimg": tuned.best_kimg,
        "put_aside": len(images.validation),
        "images_per_second": tuned.images_per_second,
        "seconds": tuned.seconds,
    }
    return Scores(metrics, generated, features)


def _token_runs(vq: VQVAE, images: RunImages, generated: np.ndarray) -> dict[str, Any]:
    """Mean longest run of equal tokens of generated images, and of images put aside, with any training image."""
    parts = images.training.images[:COMPARED], generated, images.holdout
    known, drawn, aside = (vq.prior.own_rows(vq.encode(part)) for part in parts)
    means = {
        name: float(longest_runs(tokens, known).mean()) for name, tokens in (("made", drawn), ("put_aside", aside))
    }
    return {**means, "positions": math.prod(vq.prior_grid), "compared": len(known)}
