"""The scores of a trained VAE: ELBO and KID with N(0, I) and with the fitted prior, from scratch alike."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.networks.priors.standard_normal import StandardNormal
from keras_transfer_gen.recipes.latent_tools.fit_prior import STANDARD, fit_prior
from keras_transfer_gen.recipes.scoring import elbo_protocol, kid_protocol
from keras_transfer_gen.recipes.scoring.run_scores import all_scores, score_views
from keras_transfer_gen.recipes.training.family import Scores

if TYPE_CHECKING:
    from keras_transfer_gen.recipes.inputs.run_images import RunImages
    from keras_transfer_gen.recipes.runs.run import Run
    from keras_transfer_gen.recipes.runs.training import Training
    from keras_transfer_gen.training.vae import VAE


def score(run: Run, images: RunImages, tuned: Training, scratch: Training | None) -> Scores:
    """Fits the prior and measures a trained VAE.

    Args:
        run: `Run`.
        images: `RunImages`.
        tuned: `Training` of the run; its VAE keeps the fitted prior.
        scratch: `Training` from scratch, treated alike, or None.

    Returns:
        `Scores`.
    """
    vae, notes, prior = tuned.model, run.notes, run.settings.prior
    standard = _score_with_prior(run, vae, STANDARD, images)
    fitted = standard if prior == STANDARD else _score_with_prior(run, vae, prior, images)
    reference, rival = images.reference, None
    after = score_views(fitted["images"], fitted["features"], reference, "after", run.reporter)
    if scratch is not None:
        rival = _score_with_prior(run, scratch.model, prior, images)
        rival |= score_views(rival["images"], rival["features"], reference, "scratch", run.reporter)
    metrics = {
        "elbo_before": (notes.get("bound_before") or {}).get("elbo"),
        "elbo_before_refitted": notes.get("elbo_before_refitted"),
        "elbo_after": fitted["elbo"],
        "elbo_scratch": rival and rival["elbo"],
        "elbo_standard_prior": standard["elbo"],
        "bits_per_dim": fitted["bits_per_dim"],
        "active_units": fitted["active_units"],
        **all_scores(notes, after, rival),
        "precision_before": notes.get("precision_before"),
        "recall_before": notes.get("recall_before"),
        "kid_standard_prior": standard["kid"],
        "kid_floor": notes.get("kid_floor"),
        "kimg": vae.kimg,
        "best_kimg": tuned.best_kimg,
        "put_aside": len(images.validation),
        "collapse": fitted["collapse"],
        "prior": prior,
        "prior_seconds": fitted["prior_seconds"],
        "images_per_second": tuned.images_per_second,
        "seconds": tuned.seconds,
    }
    if fitted["collapse"]:
        run.reporter.say(fitted["collapse"])
    run.note(collapse=fitted["collapse"])
    return Scores(metrics, fitted["images"], fitted["features"])


def _score_with_prior(run: Run, vae: VAE, kind: str, images: RunImages) -> dict[str, Any]:
    """ELBO and KID of a VAE with a prior of one kind, which it keeps, and the seconds that fitting it took."""
    start = time.perf_counter()
    if kind == STANDARD:
        vae.set_prior(StandardNormal())
    else:
        run.reporter.say(f"fitting the prior ({kind}) to the latents of {len(images.prior_images)} images")
        fit_prior(vae, images.prior_images, kind=kind, seed=run.settings.seed)
    seconds = time.perf_counter() - start
    measures = elbo_protocol.measure_elbo(vae, images.holdout, images.holdout_name)
    generated = kid_protocol.generate_fakes(vae)
    features = extract_features(generated, progress=run.reporter.counter(f"score with the prior: {kind}"))
    return {
        **measures,
        "images": generated,
        "features": features,
        "kid": kid_protocol.score_features(features, images.reference),
        "prior_seconds": seconds,
    }
