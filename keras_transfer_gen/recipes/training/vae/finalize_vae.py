"""How a VAE's run ends: its prior is fitted, then bounds, scores, images, model card and exports close it."""

import time

import numpy as np

from keras_transfer_gen import checks, files, pixels
from keras_transfer_gen.metrics.features import extract_features
from keras_transfer_gen.networks.priors.priors import StandardNormal
from keras_transfer_gen.recipes.latent_tools.fit_prior import STANDARD, fit_prior
from keras_transfer_gen.recipes.models.export import export_saved_model
from keras_transfer_gen.recipes.models.export_vae import export_vae_parts
from keras_transfer_gen.recipes.report import curves, vae_card
from keras_transfer_gen.recipes.report import sheets as sheets_
from keras_transfer_gen.recipes.scoring import elbo_protocol, kid_protocol
from keras_transfer_gen.recipes.scoring.near_copies import find_copies, neighbour_sheet
from keras_transfer_gen.recipes.training import finalize
from keras_transfer_gen.recipes.training.vae.best_weights import best_point, keep_finished
from keras_transfer_gen.training.callbacks import read_history

LAST = "none: the last weights are kept"


def finish_vae(
    run, command, settings, adapted, scratch, given, strategy, reporter, *, prior=STANDARD, selection=LAST, words=""
):  # fmt: skip
    """Fits the prior, measures, draws and exports a trained run, and marks it as finished.

    Args:
        run: `RunFolder`.
        command: "finetune" or "pretrain".
        settings: `FineTuneVaeSettings` or `PretrainVaeSettings`.
        adapted: the `Training` of the run.
        scratch: the `Training` from scratch, or None.
        given: `VaeImages`.
        strategy: what it was trained under.
        reporter: told of the progress.
        prior: one of `fit_prior.CHOICES`, for what is drawn from now on.
        selection: how the weights were chosen, in words.
        words: what was trained, for the card.

    Returns:
        dict, the content of metrics.json.
    """
    vae, notes, inputs = adapted.gan, run.notes(), given.inputs
    standard = _with_prior(vae, STANDARD, settings, given, reporter)
    fitted = standard if prior == STANDARD else _with_prior(vae, prior, settings, given, reporter)
    before = notes.get("bound_before") or {}
    metrics = {
        "elbo_before": before.get("elbo"),
        "elbo_before_refitted": notes.get("elbo_before_refitted"),
        "elbo_after": fitted["elbo"],
        "elbo_scratch": None,
        "elbo_standard_prior": standard["elbo"],
        "bits_per_dim": fitted["bits_per_dim"],
        "active_units": fitted["active_units"],
        "kid_before": notes.get("kid_before"),
        "kid_after": fitted["kid"],
        "kid_scratch": None,
        "kid_standard_prior": standard["kid"],
        "kid_floor": notes.get("kid_floor"),
        "kimg": vae.kimg,
        "best_kimg": None if selection == LAST else best_point(adapted.records)["kimg"],
        "put_aside": len(given.validation),
        "collapse": fitted["collapse"],
        "prior": prior,
        "prior_seconds": fitted["prior_seconds"],
        "images_per_second": adapted.images_per_second,
        "seconds": adapted.seconds,
    }
    if scratch is not None:  # treated alike: best weights, scale by validation, the same kind of prior
        found = _with_prior(scratch.gan, prior, settings, given, reporter)
        metrics.update(elbo_scratch=found["elbo"], kid_scratch=found["kid"])
    if fitted["collapse"]:
        reporter.say(fitted["collapse"])
    copied, nearest = find_copies(fitted["made"], fitted["features"], inputs.learnt, reporter)
    metrics["near_copies"] = {"made": copied.near_copy_share, "training": copied.train_share}
    run.note(memorisation=copied.to_dict(), collapse=fitted["collapse"])
    keep_finished(adapted, run.adapted, settings)
    _draw(run, adapted, scratch, given, fitted["made"], nearest)
    text = vae_card.vae_card(run.path, command, settings, vae.spec, metrics, run.notes(), words)
    files.write_text(run.card_file, text)
    reporter.say("exporting SavedModel and TFLite, each compared with the Keras model")
    with checks.named(path="out"):
        export_saved_model(vae, run.saved_model, card=text)
        export_vae_parts(vae, run.tflite.parent)
    vae.spec.save(run.spec_file)
    files.write_json(run.metrics_file, metrics)
    resolved = {**finalize.resolved(notes, inputs, strategy, selection), "held_out": len(given.held)}
    run.record(command, settings, resolved, finished=True)
    return metrics


def _with_prior(vae, kind, settings, given, reporter):
    """Elbo and score of a VAE with a prior of one kind, which it keeps, and the seconds that fitting it took."""
    begun = time.perf_counter()
    if kind == STANDARD:
        vae.set_prior(StandardNormal())
    else:
        reporter.say(f"fitting the prior ({kind}) to the latents of {len(given.seen)} images")
        fit_prior(vae, given.seen, kind=kind, seed=settings.seed)
    fitting = time.perf_counter() - begun
    found = elbo_protocol.measure_elbo(vae, given.held, given.name)
    made = vae.generate(kid_protocol.NUM_FAKES, seed=kid_protocol.SEED)
    features = extract_features(made, progress=reporter.counter(f"score with the prior: {kind}"))
    return {
        **found,
        "made": made,
        "features": features,
        "kid": kid_protocol.score_features(features, given.inputs.reference),
        "prior_seconds": fitting,
    }


def _draw(run, adapted, scratch, given, made, nearest):
    before_file = run.checkpoints / "before.npy"
    before = np.load(before_file, allow_pickle=False) if before_file.is_file() else None
    count = finalize.GRID
    sheet = sheets_.before_after(before, made[:count], given.inputs.learnt.images)
    files.write_bytes(run.path / "before_after.png", pixels.to_png(sheet))
    held = given.held[:count]
    sheet = sheets_.side_by_side([("held out", held), ("reconstruction", adapted.gan.reconstruct(held))])
    files.write_bytes(run.path / "reconstructions.png", pixels.to_png(sheet))
    files.write_bytes(run.path / "neighbours.png", pixels.to_png(neighbour_sheet(made, nearest)))
    sheets = sheets_.read_sheets(run.path / "samples")
    sheets_.write_film(run.path / "training.gif", sheets or [pixels.to_grid(made[:count])])
    rows = read_history(run.history_file) if run.history_file.is_file() else []
    panels = curves.vae_panels(rows, adapted.records, scratch.records if scratch else [])
    curves.write_curves(run.path / "curves.png", panels)
